package flumen.flink;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.utils.Utils;

/** Between Kafka's records and ours; content stays bytes. */
final class Records {
  private static final byte[] NOTHING = {};

  private Records() {}

  static Packet packet(ConsumerRecord<byte[], byte[]> record) {
    Header header = record.headers().lastHeader(Topics.PACKET_HEADER);
    return new Packet(text(record.key()), record.partition(), record.offset(), record.timestamp(),
        header == null ? null : header.value(), record.value() == null ? NOTHING : record.value());
  }

  static Card card(ConsumerRecord<byte[], byte[]> record) {
    return new Card(text(record.key()), Topics.MODELS.equals(record.topic()), record.offset(), record.timestamp(),
        record.value());
  }

  private static String text(byte[] key) {
    return key == null ? "" : new String(key, StandardCharsets.UTF_8);
  }

  /**
  * Kafka's own hash over the camera, which is the key up to its first slash: what concerns one camera
  * stays in order. The same rule stands in flumen-bus.
  */
  static int partition(byte[] key, int partitions) {
    int end = 0;
    while (end < key.length && key[end] != '/') {
      end++;
    }
    byte[] camera = end == key.length ? key : java.util.Arrays.copyOf(key, end);
    return Utils.toPositive(Utils.murmur2(camera)) % partitions;
  }

  static final class PacketReader implements KafkaRecordDeserializationSchema<Packet> {
    private static final long serialVersionUID = 1;

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Packet> out) {
      out.collect(packet(record));
    }

    @Override
    public TypeInformation<Packet> getProducedType() {
      return Packet.TYPE;
    }
  }

  static final class CardReader implements KafkaRecordDeserializationSchema<Card> {
    private static final long serialVersionUID = 1;

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Card> out) {
      out.collect(card(record));
    }

    @Override
    public TypeInformation<Card> getProducedType() {
      return Card.TYPE;
    }
  }

  /** Takes the topic from the record. */
  static final class ResultWriter implements KafkaRecordSerializationSchema<Result>, KafkaDatasetFacetProvider {
    private static final long serialVersionUID = 1;

    @Override
    public ProducerRecord<byte[], byte[]> serialize(Result result, KafkaSinkContext context, Long timestamp) {
      int partitions = context.getPartitionsForTopic(result.topic()).length;
      return new ProducerRecord<>(result.topic(), partition(result.key(), partitions), result.timestampMs(),
          result.key(), result.value());
    }

    @Override
    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
      return Optional.of(new DefaultKafkaDatasetFacet(DefaultKafkaDatasetIdentifier.ofPattern(Topics.RESULTS)));
    }
  }
}
