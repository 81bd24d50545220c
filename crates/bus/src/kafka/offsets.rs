//! Which offsets a reader begins at.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use flumen_base::Result;
use rdkafka::consumer::Consumer as _;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};

use super::client::told;
use super::watch::Watch;
use crate::Start;

/// How long a question may take.
const ASK: Duration = Duration::from_secs(2);

/// Where reading begins, by partition; one that is not named begins at the oldest record.
pub(crate) fn first(
    watch: &Watch,
    on_kafka: &str,
    partitions: u32,
    start: &Start,
) -> Result<HashMap<u32, u64>> {
    let ends = |partition: u32| -> Result<u64> {
        let (_, high) = watch.marks(on_kafka, partition, Instant::now() + ASK)?;
        Ok(high)
    };
    match start {
        Start::Earliest => Ok(HashMap::new()),
        Start::Latest => (0..partitions).map(|p| Ok((p, ends(p)?))).collect(),
        Start::Offsets(list) => {
            let named = list.iter().filter(|(p, _)| *p < partitions);
            named.map(|&(p, offset)| Ok((p, offset.min(ends(p)?)))).collect()
        }
        Start::Time(us) => {
            let mut times = TopicPartitionList::new();
            // The stamps of Kafka are milliseconds: the first at or after, so rounded up.
            let ms = us.div_euclid(1000) + i64::from(us.rem_euclid(1000) > 0);
            for partition in 0..partitions {
                let at = Offset::Offset(ms.max(0));
                times
                    .add_partition_offset(on_kafka, partition as i32, at)
                    .map_err(|e| told("seek by time", &e))?;
            }
            let found = watch.client.offsets_for_times(times, ASK);
            let found = found.map_err(|e| told("seek by time", &e))?;
            let at = |element: &TopicPartitionListElem<'_>| {
                element.error().map_err(|e| told("seek by time", &e))?;
                let partition = element.partition() as u32;
                let offset = match element.offset() {
                    Offset::Offset(offset) => offset.max(0) as u64,
                    _ => ends(partition)?,
                };
                Ok((partition, offset))
            };
            found.elements().iter().map(at).collect()
        }
    }
}
