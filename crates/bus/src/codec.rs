//! A record of the bus as the payload of a log, and back.
//!
//! Layout (little-endian): key length u16, number of headers u8, key; of each header: name
//! length u8, value length u32, name, value; the rest is the record's value.
//! Invariants: the value is not copied on its way in, nor on its way out.
//! Not here: the log's own header with offset, time and sums (`journal`).

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flumen_base::{Error, Result};

use crate::Record;

/// What stands before the value.
///
/// # Errors
/// `Invalid` when key or headers are too large for the layout.
pub(crate) fn head(record: &Record) -> Result<Bytes> {
    let key = u16::try_from(record.key.len())
        .map_err(|_| Error::invalid("a record's key is over 65,535 bytes"))?;
    let count = u8::try_from(record.headers.len())
        .map_err(|_| Error::invalid("a record has more than 255 headers"))?;
    let bytes: usize = record.headers.iter().map(|(n, v)| n.len() + v.len() + 5).sum();
    let mut out = BytesMut::with_capacity(3 + record.key.len() + bytes);
    out.put_u16_le(key);
    out.put_u8(count);
    out.put_slice(&record.key);
    for (name, value) in &record.headers {
        let name_length = u8::try_from(name.len())
            .map_err(|_| Error::invalid("a header's name is over 255 bytes"))?;
        let length =
            u32::try_from(value.len()).map_err(|_| Error::invalid("a header is over 4 GiB"))?;
        out.put_u8(name_length);
        out.put_u32_le(length);
        out.put_slice(name.as_bytes());
        out.put_slice(value);
    }
    Ok(out.freeze())
}

/// The record of a payload; `None` when the bytes are none.
pub(crate) fn decode(mut payload: Bytes, timestamp_us: i64) -> Option<Record> {
    let key = payload.try_get_u16_le().ok()?;
    let count = payload.try_get_u8().ok()?;
    let key = take(&mut payload, usize::from(key))?;
    let mut headers = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let name = payload.try_get_u8().ok()?;
        let length = payload.try_get_u32_le().ok()?;
        let name = take(&mut payload, usize::from(name))?;
        let value = take(&mut payload, length as usize)?;
        headers.push((String::from_utf8(name.into()).ok()?, value));
    }
    Some(Record { key, headers, value: payload, timestamp_us })
}

fn take(payload: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= payload.len()).then(|| payload.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(record: &Record) -> Bytes {
        let mut bytes = BytesMut::from(&head(record).unwrap()[..]);
        bytes.extend_from_slice(&record.value);
        bytes.freeze()
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            key: Vec<u8>,
            headers in proptest::collection::vec((".{0,40}", any::<Vec<u8>>()), 0..5),
            value: Vec<u8>,
            timestamp_us: i64,
        ) {
            let headers = headers.into_iter().map(|(n, v)| (n, v.into())).collect();
            let record = Record { key: key.into(), headers, value: value.into(), timestamp_us };
            prop_assert_eq!(decode(whole(&record), timestamp_us), Some(record));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = decode(bytes.into(), 0);
        }
    }

    #[test]
    fn too_large_for_the_layout_is_refused() {
        let mut record = Record {
            key: vec![0; 65_536].into(),
            headers: Vec::new(),
            value: Bytes::new(),
            timestamp_us: 0,
        };
        assert!(head(&record).is_err());
        record.key = Bytes::new();
        record.headers = vec![("n".repeat(256), Bytes::new())];
        assert!(head(&record).is_err());
    }
}
