package flumen.flink;

import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads the compacted topics of cameras and of models to the ends that they have now. */
interface Cards extends Serializable {
  /** In the order of each topic; a later card of a camera replaces an earlier one. */
  List<Card> read();

  /** From Kafka, with a consumer of its own; gives up after 60 s, and Flink's restart tries again. */
  static Cards kafka(Properties client) {
    return () -> {
      long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      List<Card> cards = new ArrayList<>();
      try (KafkaConsumer<byte[], byte[]> consumer =
          new KafkaConsumer<>(client, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        Map<String, List<PartitionInfo>> there = Topics.check(consumer);
        List<TopicPartition> all = new ArrayList<>();
        for (String topic : List.of(Topics.CAMERAS, Topics.MODELS)) {
          for (PartitionInfo info : there.get(topic)) {
            all.add(new TopicPartition(info.topic(), info.partition()));
          }
        }
        consumer.assign(all);
        consumer.seekToBeginning(all);
        Map<TopicPartition, Long> ends = consumer.endOffsets(all);
        while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
          if (System.nanoTime() > end) {
            throw new IllegalStateException("Kafka gave no end of " + Topics.CAMERAS + " and " + Topics.MODELS + " in 60 s");
          }
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
            cards.add(Records.card(record));
          }
        }
      }
      return cards;
    };
  }
}
