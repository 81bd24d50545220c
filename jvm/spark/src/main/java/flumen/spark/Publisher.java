package flumen.spark;

import com.google.protobuf.ByteString;
import flumen.spark.state.Outgoing;
import flumen.v1.Flumen.ModelCard;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;

/**
 * Cards and insights to Kafka; returns when all are acknowledged.
 *
 * <p>Keys that are more than the camera are partitioned by what stands before the first slash.
 */
class Publisher implements AutoCloseable {
  /** All engines have a card in time, and it counts from the same unit on each. */
  private static final long AHEAD_US = 500_000;

  private final KafkaProducer<byte[], byte[]> producer;

  Publisher(Settings settings) {
    Map<String, Object> config = new HashMap<>();
    settings.client().forEach((k, v) -> config.put((String) k, v));
    config.put("bootstrap.servers", settings.brokers());
    config.put("acks", "all");
    config.put("enable.idempotence", "true");
    config.put("max.request.size", "16842752");
    config.put("client.id", "flumen-learn-" + settings.name());
    producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** For one that publishes elsewhere. */
  Publisher() {
    producer = null;
  }

  void publish(List<Outgoing> records) {
    List<Future<RecordMetadata>> sent = new ArrayList<>(records.size());
    for (Outgoing record : records) {
      byte[] key = record.getKey().getBytes(StandardCharsets.UTF_8);
      byte[] value = record.getGone() ? null : inForce(record).toByteArray();
      sent.add(producer.send(new ProducerRecord<>(record.getTopic(), partition(record), key, value)));
    }
    for (Future<RecordMetadata> one : sent) {
      try {
        one.get();
      } catch (ExecutionException e) {
        throw new IllegalStateException("Kafka did not take a record: " + e.getCause().getMessage(), e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while publishing; the batch is done again", e);
      }
    }
  }

  /** A card's time is no part of what is learned: it is added when the card goes out. */
  private static ByteString inForce(Outgoing record) {
    if (!record.getTopic().equals(Trainer.MODELS)) {
      return record.getValue();
    }
    long at = System.currentTimeMillis() * 1000 + AHEAD_US;
    // The fields of two messages one after the other are those of both.
    return record.getValue().concat(ModelCard.newBuilder().setEffectiveUs(at).build().toByteString());
  }

  private int partition(Outgoing record) {
    int partitions = producer.partitionsFor(record.getTopic()).size();
    byte[] head = record.getKey().split("/", 2)[0].getBytes(StandardCharsets.UTF_8);
    return Utils.toPositive(Utils.murmur2(head)) % partitions;
  }

  @Override
  public void close() {
    if (producer != null) {
      producer.close();
    }
  }
}
