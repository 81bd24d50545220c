//! Which partition a key belongs to: the same answer as Kafka's Java producer.
//!
//! Source: MurmurHash2 by Austin Appleby (public domain), with the seed 0x9747b28c and the
//! rule `(hash & 0x7fffffff) % partitions` that Kafka's clients agree on.

/// The partition of `key` among `partitions` (at least 1); only the part before the first
/// '/' counts, so that all records of a camera share one.
pub fn murmur2_partition(key: &[u8], partitions: u32) -> u32 {
    let camera = key.split(|&b| b == b'/').next().unwrap_or(key);
    (murmur2(camera) & 0x7fff_ffff) % partitions.max(1)
}

fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut h = 0x9747_b28c ^ data.len() as u32;
    let words = data.chunks_exact(4);
    let tail = words.remainder();
    for word in words {
        let k = word.iter().rev().fold(0u32, |k, &b| (k << 8) | u32::from(b)).wrapping_mul(M);
        h = h.wrapping_mul(M) ^ (k ^ (k >> 24)).wrapping_mul(M);
    }
    if !tail.is_empty() {
        h = (h ^ tail.iter().rev().fold(0u32, |k, &b| (k << 8) | u32::from(b))).wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of Kafka's own tests (org.apache.kafka.common.utils.UtilsTest, testMurmur2).
    #[test]
    fn hash_equals_kafkas() {
        let vectors: [(&[u8], i32); 6] = [
            (b"21", -973932308),
            (b"foobar", -790332482),
            (b"a-little-bit-long-string", -985981536),
            (b"a-little-bit-longer-string", -1486304829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
            (b"abc", 479470107),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key) as i32, hash, "{}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn all_records_of_a_camera_share_a_partition() {
        for n in 1..9 {
            assert_eq!(murmur2_partition(b"yard", n), murmur2_partition(b"yard/17/offline", n));
            assert!(murmur2_partition(b"yard", n) < n);
        }
    }
}
