//! `results.xlsx`: the run as a workbook, with numbers as numbers and times as dates.

use std::io;

use engine::config::Config;
use engine::tick_path::position::Trade;
use engine::units::{EventTime, Micros, Money, Zone};
use rust_xlsxwriter::{
    Chart, ChartType, DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError,
};

use super::breakdown::{self, Part};
use super::metrics::Amount;
use super::positions::{Position, positions};
use super::{RunResult, Scene, page, reasons, words};

/// Rows that a sheet holds below its header, and a row for the note about what is missing.
const MOST_ROWS: usize = 1_048_574;

/// The day of 1 Jan 1970 in a workbook's calendar.
const EPOCH_DAY: f64 = 25_569.0;

/// The number of A4 among paper sizes.
const A4: u8 = 9;

/// The formats of a workbook.
struct Formats {
    zone: Zone,
    head: Format,
    text: Format,
    strong: Format,
    rupees: Format,
    percent: Format,
    ratio: Format,
    count: Format,
    time: Format,
}

/// What a cell holds.
enum Cell {
    Text(String),
    Strong(String),
    Amount(Amount),
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Money> for Cell {
    fn from(money: Money) -> Self {
        Self::Amount(Amount::Money(money))
    }
}

impl From<EventTime> for Cell {
    fn from(time: EventTime) -> Self {
        Self::Amount(Amount::Time(time))
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Amount(Amount::Count(count as usize))
    }
}

impl From<Option<Amount>> for Cell {
    fn from(amount: Option<Amount>) -> Self {
        amount.map_or(Self::Empty, Self::Amount)
    }
}

/// The workbook's bytes; the same run gives the same bytes.
pub(super) fn bytes(result: &RunResult, config: &Config, scene: &Scene<'_>) -> io::Result<Vec<u8>> {
    written(result, config, scene).map_err(io::Error::other)
}

fn written(result: &RunResult, config: &Config, scene: &Scene<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let formats = Formats::new(result.zone);
    book.set_properties(&properties(result, config, scene)?);
    results(&mut Sheet::new(&mut book, "Results", &formats)?, result, config, scene)?;
    trades(&mut Sheet::new(&mut book, "Trades", &formats)?, result)?;
    equity(&mut Sheet::new(&mut book, "Equity", &formats)?, result)?;
    by_hour(&mut Sheet::new(&mut book, "By hour", &formats)?, result)?;
    why(&mut Sheet::new(&mut book, "Reasons", &formats)?, result)?;
    settings(&mut Sheet::new(&mut book, "Config", &formats)?, config)?;
    log(&mut Sheet::new(&mut book, "Log", &formats)?, result)?;
    book.save_to_buffer()
}

/// The file's own date is the end of the run's data, never today.
fn properties(
    result: &RunResult,
    config: &Config,
    scene: &Scene<'_>,
) -> Result<DocProperties, XlsxError> {
    let seconds = page::span(result, scene).map_or(0, |(_, till)| till.0.div_euclid(1_000_000));
    Ok(DocProperties::new()
        .set_title(format!("{}: {}", config.instrument.symbol, scene.command))
        .set_comment(format!("configuration {}", result.config_hash))
        .set_creation_datetime(&ExcelDateTime::from_timestamp(seconds)?))
}

impl Formats {
    fn new(zone: Zone) -> Self {
        let number = |code: &str| Format::new().set_num_format(code);
        Self {
            zone,
            head: Format::new().set_bold().set_background_color("#E7ECF3").set_indent(1),
            text: Format::new().set_indent(1),
            strong: Format::new().set_bold().set_indent(1),
            rupees: number("[$₹-4009]#,##0.00;[Red]-[$₹-4009]#,##0.00"),
            percent: number("0.0%"),
            ratio: number("0.00"),
            count: number("#,##0"),
            time: number("yyyy-mm-dd hh:mm:ss"),
        }
    }
}

/// A sheet that is filled from the top.
struct Sheet<'a> {
    sheet: &'a mut Worksheet,
    formats: &'a Formats,
    next: u32,
}

impl<'a> Sheet<'a> {
    fn new(book: &'a mut Workbook, name: &str, formats: &'a Formats) -> Result<Self, XlsxError> {
        let sheet = book.add_worksheet().set_name(name)?;
        sheet
            .set_landscape()
            .set_paper_size(A4)
            .set_print_fit_to_pages(1, 0)
            .set_repeat_rows(0, 0)?;
        Ok(Self { sheet, formats, next: 0 })
    }

    /// The names of the columns with their widths; the first such row stays in view.
    fn head(&mut self, columns: &[(&str, f64)]) -> Result<(), XlsxError> {
        for (column, (name, width)) in (0..).zip(columns) {
            self.sheet.write_string_with_format(self.next, column, *name, &self.formats.head)?;
            if self.next == 0 {
                self.sheet.set_column_width(column, *width)?;
            }
        }
        if self.next == 0 {
            self.sheet.set_freeze_panes(1, 0)?;
        }
        self.next += 1;
        Ok(())
    }

    fn row<const N: usize>(&mut self, cells: [Cell; N]) -> Result<(), XlsxError> {
        for (column, cell) in (0..).zip(cells) {
            self.cell(column, &cell)?;
        }
        self.next += 1;
        Ok(())
    }

    fn cell(&mut self, column: u16, cell: &Cell) -> Result<(), XlsxError> {
        let Formats { zone, text, strong, rupees, percent, ratio, count, time, .. } = self.formats;
        let (number, format) = match cell {
            Cell::Empty => return Ok(()),
            Cell::Text(words) => {
                self.sheet.write_string_with_format(self.next, column, words, text)?;
                return Ok(());
            }
            Cell::Strong(words) => {
                self.sheet.write_string_with_format(self.next, column, words, strong)?;
                return Ok(());
            }
            Cell::Amount(Amount::Money(money)) => (money.rupees(), rupees),
            Cell::Amount(Amount::Rupees(average)) => (*average, rupees),
            Cell::Amount(Amount::Share(share)) => (*share, percent),
            Cell::Amount(Amount::Percent(of_hundred)) => (of_hundred / 100.0, percent),
            Cell::Amount(Amount::Ratio(value)) => (*value, ratio),
            Cell::Amount(Amount::Count(value)) => (*value as f64, count),
            Cell::Amount(Amount::Time(value)) => (serial(*zone, *value), time),
        };
        self.sheet.write_number_with_format(self.next, column, number, format)?;
        Ok(())
    }

    /// Leaves a row free.
    fn gap(&mut self) {
        self.next += 1;
    }
}

/// An instant in exchange time as days of a workbook's calendar.
fn serial(zone: Zone, time: EventTime) -> f64 {
    EPOCH_DAY + (time.0 + zone.offset.0) as f64 / Micros::DAY.0 as f64
}

fn results(
    sheet: &mut Sheet<'_>,
    result: &RunResult,
    config: &Config,
    scene: &Scene<'_>,
) -> Result<(), XlsxError> {
    sheet.head(&[("Figure", 28.0), ("Value", 32.0), ("What it is", 100.0)])?;
    let outcome = &result.outcome;
    let span = page::span(result, scene);
    let when = |time: Option<EventTime>| Cell::from(time.map(Amount::Time));
    let symbol = config.instrument.symbol.as_str();
    sheet.row(["Symbol".into(), symbol.into(), "the label of the traded contract".into()])?;
    sheet.row(["Command".into(), scene.command.into(), "what was run".into()])?;
    sheet.row(["Data".into(), scene.source.into(), "where the ticks came from".into()])?;
    sheet.row(["From".into(), when(span.map(|(from, _)| from)), "exchange time".into()])?;
    sheet.row(["Till".into(), when(span.map(|(_, till)| till)), "exchange time".into()])?;
    let fills = outcome.fill_model.as_str();
    sheet.row(["Fills".into(), fills.into(), "what filled the orders".into()])?;
    let start = result.config_hash.get(..12).unwrap_or_default();
    let hash = format!("start of config.toml's SHA-256, {}", result.config_hash);
    sheet.row(["Configuration".into(), start.into(), hash.into()])?;
    let starting = outcome.starting_capital;
    sheet.row(["Starting capital".into(), starting.into(), "cash at the start".into()])?;
    let ending = outcome.ending_capital;
    sheet.row(["Ending capital".into(), ending.into(), "cash at the end".into()])?;
    for figure in result.metrics.figures() {
        sheet.row([figure.label.into(), figure.value.into(), figure.about.into()])?;
    }
    Ok(())
}

fn trades(sheet: &mut Sheet<'_>, result: &RunResult) -> Result<(), XlsxError> {
    sheet.head(&[
        ("Bought", 20.0),
        ("Sold", 20.0),
        ("Entry price", 13.0),
        ("Exit price", 13.0),
        ("Quantity", 10.0),
        ("Gross", 15.0),
        ("Costs", 13.0),
        ("Net", 15.0),
        ("Reason", 18.0),
    ])?;
    let price = |paise: engine::units::Paise| Cell::from(Money(paise.0.into()));
    let all = &result.outcome.trades;
    for trade in all.iter().take(MOST_ROWS) {
        sheet.row([
            trade.entry_time.into(),
            trade.exit_time.into(),
            price(trade.entry_price),
            price(trade.exit_price),
            (trade.quantity.0 as u64).into(),
            trade.gross.into(),
            trade.costs.into(),
            trade.net.into(),
            trade.reason.to_string().into(),
        ])?;
    }
    if !all.is_empty() && all.len() <= MOST_ROWS {
        sheet.sheet.autofilter(0, 0, sheet.next - 1, 8)?;
    }
    left_out(sheet, all)
}

/// A note where a sheet cannot hold all sales.
fn left_out(sheet: &mut Sheet<'_>, trades: &[Trade]) -> Result<(), XlsxError> {
    match trades.len().saturating_sub(MOST_ROWS) {
        0 => Ok(()),
        more => sheet.row([format!("{more} more sales are in trades.csv").into()]),
    }
}

fn equity(sheet: &mut Sheet<'_>, result: &RunResult) -> Result<(), XlsxError> {
    sheet.head(&[("Sold", 20.0), ("Net", 15.0), ("Capital", 17.0), ("Drawdown", 15.0)])?;
    let outcome = &result.outcome;
    let mut capital = outcome.starting_capital;
    let mut height = capital;
    for trade in outcome.trades.iter().take(MOST_ROWS) {
        capital += trade.net;
        height = height.max(capital);
        let fall = capital - height;
        sheet.row([trade.exit_time.into(), trade.net.into(), capital.into(), fall.into()])?;
    }
    let last = sheet.next - 1;
    if last > 0 {
        let mut chart = Chart::new(ChartType::Line);
        chart.title().set_name("Capital after each sale");
        chart.legend().set_hidden();
        chart.set_width(760).set_height(360);
        chart.add_series().set_values(("Equity", 1, 2, last, 2));
        sheet.sheet.insert_chart(1, 5, &chart)?;
    }
    left_out(sheet, &outcome.trades)
}

const PARTS: [(&str, f64); 6] =
    [("", 24.0), ("Trades", 10.0), ("Won", 10.0), ("Gross", 15.0), ("Costs", 15.0), ("Net", 15.0)];

fn parts<K>(
    sheet: &mut Sheet<'_>,
    name: &str,
    parts: &[Part<K>],
    label: impl Fn(&K) -> String,
) -> Result<(), XlsxError> {
    let mut columns = PARTS;
    columns[0].0 = name;
    sheet.head(&columns)?;
    for part in parts {
        let [gross, costs, net] = [part.gross, part.costs, part.net].map(Cell::from);
        sheet.row([
            label(&part.key).into(),
            part.sales.into(),
            part.won.into(),
            gross,
            costs,
            net,
        ])?;
    }
    let sum = |of: fn(&Part<K>) -> Money| Cell::from(parts.iter().map(of).sum::<Money>());
    sheet.row([
        Cell::Strong("All".to_owned()),
        parts.iter().map(|part| part.sales).sum::<u64>().into(),
        parts.iter().map(|part| part.won).sum::<u64>().into(),
        sum(|part| part.gross),
        sum(|part| part.costs),
        sum(|part| part.net),
    ])
}

fn by_hour(sheet: &mut Sheet<'_>, result: &RunResult) -> Result<(), XlsxError> {
    let (sales, zone) = (&result.outcome.trades, result.zone);
    parts(sheet, "Hour of the entry", &breakdown::by_hour(sales, zone), |hour| words::hour(*hour))?;
    sheet.gap();
    let weekday = |day: &u32| words::weekday(*day).to_owned();
    parts(sheet, "Weekday of the exit", &breakdown::by_weekday(sales, zone), weekday)?;
    sheet.gap();
    let days = breakdown::by_day(sales, zone);
    parts(sheet, "Day", &days, |day| words::date(zone, *day))
}

fn why(sheet: &mut Sheet<'_>, result: &RunResult) -> Result<(), XlsxError> {
    let columns = [("Why it was not in a trade", 58.0), ("Ticks", 12.0), ("Share", 10.0)];
    sheet.head(&[columns[0], columns[1], columns[2], ("", 15.0), ("", 15.0), ("", 15.0)])?;
    for reason in reasons::blocked(&result.outcome) {
        let share = Cell::Amount(Amount::Share(reason.share));
        sheet.row([reason.words.into(), reason.count.into(), share])?;
    }
    sheet.gap();
    sheet.head(&[("Signals that were refused", 0.0), ("Signals", 0.0), ("Share", 0.0)])?;
    for reason in reasons::refused(&result.outcome) {
        let share = Cell::Amount(Amount::Share(reason.share));
        sheet.row([reason.words.into(), reason.count.into(), share])?;
    }
    sheet.gap();
    parts(sheet, "Exit reason", &breakdown::by_reason(&result.outcome.trades), ToString::to_string)
}

fn settings(sheet: &mut Sheet<'_>, config: &Config) -> Result<(), XlsxError> {
    sheet.head(&[
        ("Key", 46.0),
        ("Value", 30.0),
        ("Unit", 24.0),
        ("From", 16.0),
        ("What it does", 80.0),
    ])?;
    for (key, value, origin) in config.effective() {
        let from = page::origin_words(origin);
        let shown = if from.is_empty() { Cell::Text(value) } else { Cell::Strong(value) };
        let from = if from.is_empty() { "default".to_owned() } else { from };
        sheet.row([key.path.into(), shown, key.unit.into(), from.into(), key.about.into()])?;
    }
    Ok(())
}

/// The counters, then every entry and every sale in order.
fn log(sheet: &mut Sheet<'_>, result: &RunResult) -> Result<(), XlsxError> {
    sheet.head(&[("Time", 20.0), ("Event", 30.0), ("What happened", 90.0)])?;
    for (name, count) in page::counts(&result.outcome.counts) {
        sheet.row([Cell::Empty, "Counted".into(), format!("{name}: {count}").into()])?;
    }
    let mut capital = result.outcome.starting_capital;
    for position in positions(&result.outcome) {
        if sheet.next as usize + position.sales.len() >= MOST_ROWS {
            return sheet.row([Cell::Empty, "Left out".into(), "the rest is in trades.csv".into()]);
        }
        entered(sheet, &position)?;
        for sale in position.sales {
            capital += sale.net;
            sold(sheet, sale, capital)?;
        }
    }
    Ok(())
}

fn entered(sheet: &mut Sheet<'_>, position: &Position<'_>) -> Result<(), XlsxError> {
    let text = format!("{} at ₹{}", position.quantity().0, position.entry_price());
    sheet.row([position.entry_time().into(), "Bought".into(), text.into()])
}

fn sold(sheet: &mut Sheet<'_>, sale: &Trade, capital: Money) -> Result<(), XlsxError> {
    let net = words::rupees(sale.net);
    let capital = words::rupees(capital);
    let (quantity, price) = (sale.quantity.0, sale.exit_price);
    let text = format!("{quantity} at ₹{price}, net {net}, realised capital {capital}");
    sheet.row([sale.exit_time.into(), format!("Sold: {}", sale.reason).into(), text.into()])
}
