package example;

import com.google.protobuf.InvalidProtocolBufferException;
import flumen.v1.Flumen.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Prints events as they happen: {@code java -jar events.jar BROKERS [earliest|latest] [COUNT]}.
 *
 * <p>One line an event record: camera, kind, phase, when it began and how sure it is. A record that
 * comes again after a restart of the analysis has the same id and revision and is passed over.
 */
public final class Events {
  /** A restart of the analysis repeats what it wrote since its last checkpoint, not more. */
  private static final int REMEMBERED = 100_000;

  private Events() {}

  public static void main(String[] args) {
    String brokers = args.length > 0 ? args[0] : "127.0.0.1:9092";
    String start = args.length > 1 ? args[1] : "latest";
    long count = args.length > 2 ? Long.parseLong(args[2]) : Long.MAX_VALUE;
    Map<String, Boolean> seen = remembered();
    try (var consumer = new KafkaConsumer<byte[], byte[]>(settings(brokers, start))) {
      consumer.subscribe(List.of("flumen.events"));
      for (long printed = 0; printed < count; ) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          Event event = decoded(record);
          if (event != null && seen.put(name(event), true) == null && printed < count) {
            System.out.println(line(event));
            printed++;
          }
        }
      }
    }
  }

  private static Properties settings(String brokers, String start) {
    var settings = new Properties();
    settings.put("bootstrap.servers", brokers);
    settings.put("group.id", "example-events-java");
    settings.put("auto.offset.reset", start);
    // What an exactly-once job has not committed is not shown.
    settings.put("isolation.level", "read_committed");
    settings.put("max.partition.fetch.bytes", "17825792");
    settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
    return settings;
  }

  private static Event decoded(ConsumerRecord<byte[], byte[]> record) {
    try {
      return Event.parseFrom(record.value());
    } catch (InvalidProtocolBufferException e) {
      System.err.println("offset " + record.offset() + ": no event: " + e.getMessage());
      return null;
    }
  }

  private static String name(Event event) {
    return java.util.HexFormat.of().formatHex(event.getId().toByteArray()) + "/" + event.getRevision();
  }

  private static String line(Event event) {
    long us = event.getBeginUs();
    Instant begin = Instant.ofEpochSecond(us / 1_000_000, us % 1_000_000 * 1_000);
    String phase = event.getPhase().name().replace("PHASE_", "").toLowerCase(Locale.ROOT);
    return String.join(
        "\t",
        event.getCamera(),
        event.getKind(),
        phase,
        begin.toString(),
        Integer.toString(event.getScore()));
  }

  private static Map<String, Boolean> remembered() {
    return new LinkedHashMap<>() {
      @Override
      protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
        return size() > REMEMBERED;
      }
    };
  }
}
