package flumen.spark;

import com.google.protobuf.InvalidProtocolBufferException;
import flumen.v1.Flumen.Feedback;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What people said, from {@code flumen.feedback}: all of it after the start, then what is new.
 *
 * <p>A trainer knows the verdicts that it has taken, so that all may be told again.
 */
final class Feedbacks implements AutoCloseable {
  static final String TOPIC = "flumen.feedback";
  private static final Logger LOG = LoggerFactory.getLogger(Feedbacks.class);
  private static final Duration WAIT = Duration.ofMillis(200);

  private final KafkaConsumer<byte[], byte[]> consumer;

  Feedbacks(Settings settings) {
    Map<String, Object> config = new HashMap<>();
    settings.client().forEach((k, v) -> config.put((String) k, v));
    config.put("bootstrap.servers", settings.brokers());
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", "false");
    config.put("client.id", "flumen-learn-feedback-" + settings.name());
    consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> all = new ArrayList<>();
    consumer.partitionsFor(TOPIC).forEach(p -> all.add(new TopicPartition(TOPIC, p.partition())));
    consumer.assign(all);
    consumer.seekToBeginning(all);
  }

  /** What is new, up to what stood there when this was asked, cameras in their order. */
  List<Feedback> read() {
    List<Feedback> found = new ArrayList<>();
    Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
    while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(WAIT)) {
        take(record, found);
      }
    }
    found.sort(Comparator.comparing(Feedback::getCamera).thenComparing(Feedback::getAtUs));
    return found;
  }

  private static void take(ConsumerRecord<byte[], byte[]> record, List<Feedback> found) {
    if (record.value() == null) {
      return;
    }
    try {
      found.add(Feedback.parseFrom(record.value()));
    } catch (InvalidProtocolBufferException e) {
      LOG.warn("{} {}/{}: no verdict, passed over: {}", TOPIC, record.partition(), record.offset(), e.getMessage());
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
