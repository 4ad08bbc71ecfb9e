//! Packets as rows of Parquet: what each says in columns of its own, and its bytes beside them.

use std::io::Write;
use std::sync::Arc;

use engine::units::EventTime;
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use smartapi::packet::{self, Packet, token_text};

use super::label::Label;

/// The columns. Everything that is decoded can be missing: malformed frames are recorded too.
const SCHEMA: &str = "message recording {
    required int64 receive_wall_us (TIMESTAMP(MICROS,true));
    required int64 receive_ns;
    optional int64 exchange_ts_ms (TIMESTAMP(MILLIS,true));
    optional int64 sequence;
    optional int32 exchange_type;
    optional binary token (STRING);
    optional int32 mode;
    optional int64 ltp;
    optional int64 last_traded_qty;
    required binary packet;
}";
/// Columns that grow by little from row to row.
const GROWING: [&str; 4] = ["receive_wall_us", "receive_ns", "exchange_ts_ms", "sequence"];

/// The columns that a recording is played back from, by their places in [`SCHEMA`].
pub(super) mod place {
    pub(in crate::recorder) const RECEIVE_WALL_US: usize = 0;
    pub(in crate::recorder) const RECEIVE_NS: usize = 1;
    pub(in crate::recorder) const PACKET: usize = 9;
}

/// A file's writer, with our columns and what the label says.
///
/// Errors: those of `to`.
pub(super) fn writer<W: Write + Send>(to: W, label: &Label) -> Result<SerializedFileWriter<W>> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled(ColumnPath::from("token"), true)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(ColumnPath::from("packet"), EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(label.metadata()));
    for column in GROWING {
        let column = ColumnPath::from(column);
        properties = properties.set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    SerializedFileWriter::new(to, schema, Arc::new(properties.build()))
}

/// What a packet says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen<'frame> {
    /// `None` outside the years that are read.
    pub(super) exchange_ts: Option<EventTime>,
    sequence: Option<i64>,
    exchange_type: Option<u8>,
    token: Option<&'frame [u8]>,
    mode: Option<u8>,
    ltp: Option<i64>,
    last_traded_qty: Option<i64>,
}

impl<'frame> Seen<'frame> {
    /// Reads one frame; one that is no packet says nothing.
    pub(super) fn of(frame: &'frame [u8]) -> Self {
        let Ok(packet) = packet::decode(frame) else { return Self::default() };
        let (exchange_ts_ms, exchange_type, token) = match packet {
            Packet::Depth20(depth) => (depth.exchange_ts_ms, depth.exchange_type, &depth.token),
            Packet::Ltp(head) => (head.exchange_ts_ms, head.exchange_type, &head.token),
            Packet::Quote(packet::Quote { head, .. })
            | Packet::SnapQuote(packet::SnapQuote { quote: packet::Quote { head, .. }, .. }) => {
                (head.exchange_ts_ms, head.exchange_type, &head.token)
            }
        };
        let text = token_text(token);
        Self {
            exchange_ts: EventTime::from_millis(exchange_ts_ms.get()),
            sequence: packet.head().map(|head| head.sequence.get()),
            exchange_type: Some(exchange_type),
            // The column is text; what is no text stands in the packet only.
            token: text.is_ascii().then_some(text),
            mode: Some(packet.mode() as u8),
            ltp: packet.head().map(|head| head.ltp.get()),
            last_traded_qty: packet.last_traded_qty(),
        }
    }
}

/// A column with gaps.
#[derive(Debug)]
struct Sparse<T> {
    values: Vec<T>,
    /// 1 where a row has a value, 0 where it has none.
    levels: Vec<i16>,
}

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

impl<T> Sparse<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

/// The rows of the next row group.
#[derive(Debug, Default)]
pub(super) struct Rows {
    receive_wall_us: Vec<i64>,
    receive_ns: Vec<i64>,
    exchange_ts_ms: Sparse<i64>,
    sequence: Sparse<i64>,
    exchange_type: Sparse<i32>,
    token: Sparse<ByteArray>,
    mode: Sparse<i32>,
    ltp: Sparse<i64>,
    last_traded_qty: Sparse<i64>,
    /// All packets, one behind the other.
    packets: Vec<u8>,
    /// Where each packet ends.
    ends: Vec<usize>,
}

impl Rows {
    /// A row group holds at most about so many bytes of packets and columns.
    const MOST_BYTES: usize = 16 << 20;
    /// What a row takes beside its packet, roughly.
    const COLUMNS: usize = 100;

    pub(super) fn push(&mut self, wall_us: i64, read_ns: u64, frame: &[u8], seen: &Seen<'_>) {
        self.receive_wall_us.push(wall_us);
        self.receive_ns.push(read_ns as i64);
        self.exchange_ts_ms.push(seen.exchange_ts.map(|time| time.0 / 1000));
        self.sequence.push(seen.sequence);
        self.exchange_type.push(seen.exchange_type.map(i32::from));
        let last = self.token.values.last().filter(|last| Some(last.data()) == seen.token);
        let token = last.cloned().or_else(|| seen.token.map(ByteArray::from));
        self.token.push(token);
        self.mode.push(seen.mode.map(i32::from));
        self.ltp.push(seen.ltp);
        self.last_traded_qty.push(seen.last_traded_qty);
        self.packets.extend_from_slice(frame);
        self.ends.push(self.packets.len());
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether it is time for a row group because of their size.
    pub(super) fn is_full(&self) -> bool {
        self.packets.len() + self.len() * Self::COLUMNS >= Self::MOST_BYTES
    }

    /// Writes the rows as one row group; none are left.
    ///
    /// Errors: those of the writer; the rows are gone then too.
    pub(super) fn write<W: Write + Send>(
        &mut self,
        writer: &mut SerializedFileWriter<W>,
    ) -> Result<()> {
        let rows = std::mem::take(self);
        let bytes = ByteArray::from(rows.packets);
        let mut from = 0;
        let slice = |till: usize| {
            let packet = bytes.slice(from, till - from);
            from = till;
            packet
        };
        let packets: Vec<ByteArray> = rows.ends.into_iter().map(slice).collect();
        let mut group = writer.next_row_group()?;
        column::<Int64Type, W>(&mut group, &rows.receive_wall_us, None)?;
        column::<Int64Type, W>(&mut group, &rows.receive_ns, None)?;
        sparse::<Int64Type, W>(&mut group, &rows.exchange_ts_ms)?;
        sparse::<Int64Type, W>(&mut group, &rows.sequence)?;
        sparse::<Int32Type, W>(&mut group, &rows.exchange_type)?;
        sparse::<ByteArrayType, W>(&mut group, &rows.token)?;
        sparse::<Int32Type, W>(&mut group, &rows.mode)?;
        sparse::<Int64Type, W>(&mut group, &rows.ltp)?;
        sparse::<Int64Type, W>(&mut group, &rows.last_traded_qty)?;
        column::<ByteArrayType, W>(&mut group, &packets, None)?;
        group.close()?;
        Ok(())
    }
}

fn sparse<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column_with_gaps: &Sparse<T::T>,
) -> Result<()> {
    column::<T, W>(group, &column_with_gaps.values, Some(&column_with_gaps.levels))
}

/// Writes the row group's next column.
fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<()> {
    let Some(mut column) = group.next_column()? else {
        unreachable!("invariant: as many columns are written as the schema has")
    };
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}
