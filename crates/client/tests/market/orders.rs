//! The order stream against a real local server.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use client::market::{ConnectionEvents, DayEnd, Ended, Renew};
use client::order_stream::{Missed, OrderCounts, OrderEvent, OrderStream, OrderStreamSetup};
use quanta::{Clock, Instant};
use smartapi::order_update::OrderUpdate;
use smartapi::rest::{OrderRow, OrderStatus};
use smartapi::wire::Open;
use tungstenite::Message;

use super::server::{Security, Server, Socket, linger, refuse, serve};
use super::{PATIENCE, auth, no_renewal, quick};

fn start(server: &Server, renew: Renew, room: usize) -> OrderStream {
    OrderStream::start(OrderStreamSetup {
        url: server.url.clone(),
        tls: Arc::clone(&server.tls),
        auth: auth("JWT"),
        renew,
        limits: quick(),
        clock: Clock::new(),
        entropy: 5,
        day_end: DayEnd::MIDNIGHT,
        events: ConnectionEvents::new(64),
        room,
    })
    .expect("a legal set-up")
}

fn update(orderid: u32) -> OrderUpdate {
    let status = Open::Known(OrderStatus::Complete);
    let row = OrderRow {
        orderid: orderid.to_string(),
        orderstatus: status.clone(),
        status,
        filledshares: Some(75),
        ..OrderRow::default()
    };
    OrderUpdate::new("A123", row)
}

fn say(socket: &mut Socket, message: &OrderUpdate) {
    let text = serde_json::to_string(message).expect("plain data");
    socket.send(Message::Text(text.into())).expect("sent");
}

fn greet(stream: super::server::Stream) -> Socket {
    let mut socket = tungstenite::accept(stream).expect("an upgrade");
    say(&mut socket, &OrderUpdate::greeting("A123"));
    socket
}

fn next(stream: &OrderStream) -> OrderEvent {
    stream.events().recv_timeout(PATIENCE).expect("an event")
}

fn order_of(event: OrderEvent) -> String {
    match event {
        OrderEvent::Update { update, .. } => update.order.orderid.clone(),
        OrderEvent::Gap(missed) => panic!("{missed}"),
    }
}

/// Waits for counts, which have no event.
fn until(stream: &OrderStream, holds: impl Fn(OrderCounts) -> bool) -> OrderCounts {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let counts = stream.counts();
        if holds(counts) {
            return counts;
        }
        assert!(Instant::now() < deadline, "{counts:?}");
        std::thread::yield_now();
    }
}

#[test]
fn updates_come_once_noise_is_counted_and_each_connection_begins_with_a_gap() {
    for security in [Security::Plain, Security::Tls13] {
        let server = serve(security, |number, stream| {
            let mut socket = greet(stream);
            say(&mut socket, &update(1));
            if number == 0 {
                say(&mut socket, &update(1));
                for noise in [Message::Binary(vec![0].into()), Message::Binary(vec![].into())] {
                    socket.send(noise).expect("sent");
                }
                socket.send(Message::Text("pong".into())).expect("sent");
                socket.send(Message::Text("hello".into())).expect("sent");
                say(&mut socket, &update(2));
            } else {
                say(&mut socket, &update(3));
                linger(&mut socket);
            }
        });
        let stream = start(&server, no_renewal(), 64);
        // The greeting and the first update may come with one read.
        let mut events: Vec<OrderEvent> = (0..5).map(|_| next(&stream)).collect();
        let gap = OrderEvent::Gap(Missed::Before);
        let gaps = events.iter().filter(|event| **event == gap).count();
        assert_eq!(gaps, 2, "{events:?}");
        events.retain(|event| *event != gap);
        let orders: Vec<String> = events.into_iter().map(order_of).collect();
        assert_eq!(orders, ["1", "2", "3"], "over {security:?}");
        let counts = stream.counts();
        assert_eq!((counts.greetings, counts.updates, counts.duplicates), (2, 3, 2));
        assert_eq!((counts.heartbeats, counts.noise, counts.dropped), (3, 1, 0));
        assert_eq!(stream.stop(), Some(Ended::Stopped));
    }
}

#[test]
fn a_full_channel_drops_and_says_so_without_waiting() {
    let server = serve(Security::Plain, |_, stream| {
        let mut socket = greet(stream);
        (0..50).for_each(|order| say(&mut socket, &update(order)));
        linger(&mut socket);
    });
    let stream = start(&server, no_renewal(), 1);
    let counts = until(&stream, |counts| counts.updates == 50);
    let mut dropped = 0;
    let mut updates = 0;
    while dropped + updates < 50 {
        match next(&stream) {
            OrderEvent::Update { .. } => updates += 1,
            OrderEvent::Gap(Missed::Dropped { updates }) => dropped += updates,
            OrderEvent::Gap(_) => {}
        }
    }
    assert!(counts.dropped >= 49, "{counts:?}");
    assert_eq!((dropped, updates), (counts.dropped, 50 - counts.dropped), "told and handed over");
}

#[test]
fn refused_tokens_are_renewed_and_refused_again_they_end_the_stream_with_the_words() {
    let server = serve(Security::Plain, |number, stream| match number {
        0 => refuse(stream, 403, "token expired"),
        1 => {
            let mut socket = greet(stream);
            say(&mut socket, &update(1));
        }
        _ => refuse(stream, 401, "Invalid Token"),
    });
    let (renewed, renewals) = channel();
    let renew: Renew = Box::new(move |_| {
        renewed.send(()).expect("the test listens");
        Ok(auth("FRESH"))
    });
    let stream = start(&server, renew, 64);
    let events: Vec<OrderEvent> = stream.events().iter().collect();
    assert!(events.iter().any(|event| matches!(event, OrderEvent::Update { .. })));
    let Some(Ended::Failed(error)) = stream.stop() else { panic!("it fails") };
    assert!(error.to_string().contains("Invalid Token"), "{error}");
    assert_eq!(renewals.try_iter().count(), 2, "once for each time that they had been good");
}

#[test]
fn a_message_that_cannot_be_read_is_a_gap_with_its_reason() {
    let server = serve(Security::Plain, |_, stream| {
        let mut socket = greet(stream);
        let text = r#"{"user-id":"A123","status-code":"401","error-message":"session over"}"#;
        socket.send(Message::Text(text.into())).expect("sent");
        linger(&mut socket);
    });
    let stream = start(&server, no_renewal(), 64);
    let deadline = Instant::now() + PATIENCE;
    let fault = loop {
        assert!(Instant::now() < deadline, "no gap with a reason");
        match stream.events().recv_timeout(Duration::from_secs(1)) {
            Ok(OrderEvent::Gap(Missed::Unreadable(fault))) => break fault,
            _ => continue,
        }
    };
    assert!(!fault.hint().is_empty());
    assert_eq!(stream.counts().unreadable, 1);
}
