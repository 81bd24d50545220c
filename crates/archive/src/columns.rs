//! Named columns in memory, and the Parquet file that holds them.
//!
//! Invariants: all columns have as many values; columns keep the order of their first value.

use std::sync::Arc;

use flumen_base::{Error, Result};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

enum Values {
    Text(Vec<ByteArray>),
    Number(Vec<i64>),
    Time(Vec<i64>),
    Bytes(Vec<ByteArray>),
}

/// Rows, column by column.
#[derive(Default)]
pub(crate) struct Columns(Vec<(&'static str, Values)>);

impl Columns {
    fn column(&mut self, name: &'static str, empty: Values) -> Option<&mut Values> {
        let at = self.0.iter().position(|(n, _)| *n == name).unwrap_or_else(|| {
            self.0.push((name, empty));
            self.0.len() - 1
        });
        self.0.get_mut(at).map(|(_, values)| values)
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, name: &'static str, value: String) {
        if let Some(Values::Text(v)) = self.column(name, Values::Text(Vec::new())) {
            v.push(ByteArray::from(value.into_bytes()));
        }
    }

    /// Adds a whole number.
    pub(crate) fn number(&mut self, name: &'static str, value: i64) {
        if let Some(Values::Number(v)) = self.column(name, Values::Number(Vec::new())) {
            v.push(value);
        }
    }

    /// Adds a time in microseconds UTC.
    pub(crate) fn time(&mut self, name: &'static str, value: i64) {
        if let Some(Values::Time(v)) = self.column(name, Values::Time(Vec::new())) {
            v.push(value);
        }
    }

    /// Adds bytes.
    pub(crate) fn bytes(&mut self, name: &'static str, value: Vec<u8>) {
        if let Some(Values::Bytes(v)) = self.column(name, Values::Bytes(Vec::new())) {
            v.push(ByteArray::from(value));
        }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.0.first().map_or(0, |(_, values)| match values {
            Values::Text(v) | Values::Bytes(v) => v.len(),
            Values::Number(v) | Values::Time(v) => v.len(),
        })
    }

    fn schema(&self) -> String {
        let line = |(name, values): &(&str, Values)| match values {
            Values::Text(_) => format!("required binary {name} (UTF8);"),
            Values::Bytes(_) => format!("required binary {name};"),
            Values::Number(_) => format!("required int64 {name};"),
            Values::Time(_) => format!("required int64 {name} (TIMESTAMP(MICROS,true));"),
        };
        format!("message rows {{ {} }}", self.0.iter().map(line).collect::<String>())
    }

    /// The file.
    ///
    /// # Errors
    /// `Internal` when the columns do not fit together.
    pub(crate) fn parquet(&self) -> Result<Vec<u8>> {
        self.write().map_err(|e| {
            Error::internal(format!("a table can't be written as Parquet: {e}")).with_source(e)
        })
    }

    fn write(&self) -> Result<Vec<u8>, ParquetError> {
        let schema = Arc::new(parse_message_type(&self.schema())?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        let mut group = writer.next_row_group()?;
        for (_, values) in &self.0 {
            write_column(&mut group, values)?;
        }
        group.close()?;
        writer.into_inner()
    }
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &Values,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("fewer columns than the schema names".into()));
    };
    match values {
        Values::Text(v) | Values::Bytes(v) => {
            column.typed::<ByteArrayType>().write_batch(v, None, None)?
        }
        Values::Number(v) | Values::Time(v) => {
            column.typed::<Int64Type>().write_batch(v, None, None)?
        }
    };
    column.close()
}
