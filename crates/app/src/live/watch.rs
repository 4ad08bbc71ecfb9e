//! The figures of a run in the terminal while it lasts.

use std::collections::VecDeque;
use std::io::{IsTerminal as _, Stderr, Write as _, stderr};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::board::{Board, View};
use crate::failure::Failure;
use crate::report::table::time;
use crate::report::{Figures, StageFigures};

/// How often the screen is drawn.
const REDRAW: Duration = Duration::from_millis(250);
/// The widest bar of a stage.
const BAR: usize = 40;
/// The columns before it.
const BEFORE_BAR: usize = 62;
/// Beyond so many rows there is room for blank lines.
const ROOMY: u16 = 28;
/// The newest messages that are shown wherever possible.
const LEAST_NEWS: u16 = 2;

/// The screen; the terminal is given back when it is dropped.
pub(crate) struct Watch {
    stop: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Says early that there is nothing to draw on.
    ///
    /// Errors: status 2 if stderr is no terminal.
    pub(crate) fn require_terminal() -> Result<(), Failure> {
        if stderr().is_terminal() {
            return Ok(());
        }
        let hint = "leave out --watch, or use --metrics 0 and look at the page it names";
        Err(Failure::usage("--watch needs a terminal, and stderr is none", hint))
    }

    /// Takes the terminal over; `title` says what runs.
    ///
    /// Errors: status 2 if it cannot be drawn on.
    pub(crate) fn start(title: String, board: Board) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::usage(format!("cannot draw on the terminal: {error}"), "leave out --watch")
        };
        let mut terminal = Terminal::new(CrosstermBackend::new(stderr())).map_err(failed)?;
        // Not raw: Ctrl-C stays a signal.
        execute!(stderr(), EnterAlternateScreen, Hide).map_err(failed)?;
        let (stop, stopped) = sync_channel(0);
        let draw = move || {
            loop {
                // A terminal that has gone away must not end the run.
                let _ = terminal.draw(|frame| show(frame, &title, &board));
                if stopped.recv_timeout(REDRAW) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        match thread::Builder::new().name("watch".to_owned()).spawn(draw) {
            Ok(thread) => Ok(Self { stop, thread: Some(thread) }),
            Err(error) => {
                give_back();
                Err(failed(error))
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        give_back();
    }
}

fn give_back() {
    let mut terminal: Stderr = stderr();
    let _ = execute!(terminal, LeaveAlternateScreen, Show);
    let _ = terminal.flush();
}

fn show(frame: &mut Frame<'_>, title: &str, board: &Board) {
    let view = board.view();
    let heard = board.heard();
    let area = frame.area();
    let (stages, state) = (stage_lines(&view, area.width), state_lines(&view));
    // Blank lines only where there is room for them: 24 rows hold everything without.
    let blank = u16::from(area.height > ROOMY);
    let parts = Layout::vertical([
        Constraint::Length(1 + blank),
        Constraint::Length(stages.len() as u16 + blank),
        Constraint::Length(state.len() as u16 + blank),
        Constraint::Min(LEAST_NEWS),
    ]);
    let [head, table, rest, messages] = parts.areas(area);
    frame.render_widget(heading(title, &view, &heard.connection), head);
    frame.render_widget(Paragraph::new(stages), table);
    frame.render_widget(Paragraph::new(state), rest);
    frame.render_widget(news(heard.messages, messages), messages);
}

fn heading<'a>(title: &'a str, view: &View, connection: &'a str) -> Paragraph<'a> {
    let seconds = view.elapsed_ns / 1_000_000_000;
    let colour = if connection == "live" { Color::Green } else { Color::Yellow };
    let state = if connection.is_empty() { "not connected yet" } else { connection };
    Paragraph::new(vec![Line::from(vec![
        Span::from(title).bold(),
        Span::from(format!(
            "   {:02}:{:02}:{:02}   ",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )),
        Span::styled(state, Style::new().fg(colour)),
    ])])
}

/// A row of figures, and a bar whose length is the stage's share of the total.
fn stage_row(name: &str, figures: &Figures, share: Option<f64>, room: u16) -> Line<'static> {
    let most = BAR.min(usize::from(room).saturating_sub(BEFORE_BAR));
    let length = (share.unwrap_or_default().clamp(0.0, 1.0) * most as f64).round() as usize;
    let share = share.map_or_else(String::new, |share| format!("{:.1} %", share * 100.0));
    let text = format!(
        "{name:<12}{:>9}{:>10}{:>10}{:>10}{share:>9}  ",
        figures.count,
        time(figures.p50_ns),
        time(figures.p99_ns),
        time(figures.max_ns),
    );
    let bar = Span::styled("█".repeat(length), Style::new().fg(Color::Cyan));
    Line::from(vec![Span::from(text), bar])
}

fn stage_lines(view: &View, room: u16) -> Vec<Line<'static>> {
    let head = format!(
        "{:<12}{:>9}{:>10}{:>10}{:>10}{:>9}",
        "stage", "ticks", "p50", "p99", "max", "share"
    );
    let mut lines = vec![Line::from(head).dim()];
    let row = |stage: &StageFigures| stage_row(&stage.name, &stage.figures, stage.share, room);
    lines.extend(view.stages.iter().map(row));
    lines.extend(view.total.as_ref().map(|total| stage_row("total", total, None, room)));
    lines.extend(view.age.as_ref().map(|age| stage_row("age", age, None, room)));
    lines
}

fn state_lines(view: &View) -> Vec<Line<'static>> {
    let snapshot = &view.snapshot;
    let frames = &snapshot.frames;
    let counted: String = frames
        .counted()
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(reason, number)| format!(" + {number} {reason}"))
        .collect();
    let price = snapshot.last.map_or_else(|| "–".to_owned(), |tick| tick.price.to_string());
    let quiet = view.since_last_ns.map_or_else(|| "–".to_owned(), |ns| time(Some(ns)));
    let position = if snapshot.is_open { "in a position" } else { "flat" };
    let sales = if snapshot.trades == 1 { "sale" } else { "sales" };
    let mut lines = vec![
        Line::from(format!("frames {} = {} traced{counted}", frames.frames, frames.traced)),
        Line::from(format!("last price ₹{price}, {quiet} ago")),
        Line::from(format!("{position}, {} {sales}, worth ₹{}", snapshot.trades, snapshot.worth)),
    ];
    for ring in &view.rings {
        let text = format!(
            "ring to {}: at most {} of {} used, {} dropped",
            ring.name, ring.max_depth, ring.capacity, ring.dropped
        );
        let colour = if ring.dropped > 0 { Color::Red } else { Color::Reset };
        lines.push(Line::styled(text, Style::new().fg(colour)));
    }
    let memory = view.rss_bytes.map_or_else(
        || "unknown".to_owned(),
        |bytes| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20)),
    );
    let cpu = view.cpu_seconds.map_or_else(
        || "unknown".to_owned(),
        |seconds| format!("{:.0} %", seconds * 1e11 / view.elapsed_ns.max(1) as f64),
    );
    lines.push(Line::from(format!("memory {memory}, processor {cpu} of one core")));
    lines
}

/// The newest messages that fit.
fn news(messages: VecDeque<String>, area: Rect) -> Paragraph<'static> {
    let fit = usize::from(area.height);
    let lines: Vec<Line<'_>> = messages
        .iter()
        .flat_map(|message| message.lines())
        .map(|line| Line::from(line.to_owned()))
        .collect();
    let hidden = lines.len().saturating_sub(fit);
    Paragraph::new(lines.into_iter().skip(hidden).collect::<Vec<_>>()).dim()
}

#[cfg(test)]
mod tests {
    use client::market::ConnectionState;
    use engine::probe::{Counter, Disturbances, Filed, Meter, Probe as _, Stage, Stamps};
    use engine::tick_path::broker::Tick;
    use engine::tick_path::trader::Decision;
    use ratatui::backend::TestBackend;
    use smartapi::clock::{Mono, Wall};

    use super::*;
    use crate::live::board::RingView;
    use crate::measured::News;

    struct Steps(std::cell::Cell<u64>);

    impl Counter for Steps {
        fn raw(&self) -> u64 {
            self.0.set(self.0.get() + 100);
            self.0.get()
        }

        fn nanos(&self, from: u64, till: u64) -> u64 {
            till - from
        }

        fn disturbances(&self) -> Option<Disturbances> {
            None
        }
    }

    fn screen(width: u16, height: u16, board: &Board) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen");
        terminal.draw(|frame| show(frame, "NIFTY on the sandbox", board)).expect("drawn");
        terminal.backend().to_string()
    }

    #[test]
    fn the_screen_shows_stages_connection_drops_and_news() {
        let mut meter = Meter::new(Steps(std::cell::Cell::new(0)), Stage::Broker, 0);
        for _ in 0..1000 {
            let mut trace = Stamps::tick(meter.counter().raw());
            Stage::ALL.into_iter().skip(3).for_each(|stage| meter.mark(&mut trace, stage));
            let filed = Filed { sequence: 1, tick: Tick::default(), decision: Decision::Held };
            meter.file(trace, &filed);
        }
        let board = Board::default();
        let live = News::State { state: ConnectionState::Live, at: Mono(0) };
        board.hear(&live.words(Wall(0)));
        let dropped = RingView { name: "recorder", capacity: 10, max_depth: 10, dropped: 7 };
        board.put_up(View { rings: vec![dropped], ..View::of(&meter) });
        let shown = screen(100, 30, &board);
        for words in [
            "NIFTY on the sandbox",
            "live",
            "broker           1000    100 ns",
            "20.0 %  ████",
            "total",
            "ring to recorder: at most 10 of 10 used, 7 dropped",
            "stream live",
        ] {
            assert!(shown.contains(words), "{words} is not in\n{shown}");
        }
    }

    #[test]
    fn the_usual_terminal_holds_every_line_and_the_whole_of_each_share() {
        let figures = Figures { count: 1_234_567, ..Figures::of(&engine::probe::Ladder::new()) };
        let stage = |stage: Stage| StageFigures {
            name: stage.name().to_owned(),
            group: stage.group().name().to_owned(),
            figures: figures.clone(),
            share: Some(0.958),
        };
        let ring = |name| RingView { name, capacity: 39_100_000, max_depth: 8211, dropped: 0 };
        let board = Board::default();
        board.put_up(View {
            stages: Stage::ALL.map(stage).into(),
            total: Some(figures.clone()),
            age: Some(figures.clone()),
            rings: ["traces", "snapshots", "recorder"].map(ring).into(),
            ..View::default()
        });
        for number in 1..=9 {
            board.hear(&News::Alarm(format!("message {number}")).words(Wall(0)));
        }
        for (width, height) in [(80, 24), (120, 40)] {
            let shown = screen(width, height, &board);
            for words in ["kernel_wait", "position", "age", "recorder", "memory", "message 9"] {
                assert!(shown.contains(words), "{words} is not in\n{shown}");
            }
            assert_eq!(shown.matches("95.8 %  ███").count(), 8, "{shown}");
        }
    }

    #[test]
    fn a_screen_of_any_size_is_drawn() {
        for (width, height) in [(1, 1), (20, 5), (80, 10), (300, 100)] {
            let _ = screen(width, height, &Board::default());
        }
    }
}
