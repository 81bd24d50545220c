package flumen.flink;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.PartitionInfo;

/** Names of topics; what travels on each is in docs/ref/topics.md. */
final class Topics {
  static final String CAMERAS = "flumen.cameras";
  static final String MODELS = "flumen.models";
  static final String VIDEO = "flumen.video";
  /** What must be there before the job begins; else the first result would find out. */
  static final List<String> NEEDED = List.of(
      VIDEO, CAMERAS, MODELS, "flumen.frames", "flumen.events", "flumen.pictures", "flumen.windows", "flumen.gaps",
      "flumen.insights", "flumen.rejects");
  /** Where results may go; exactly-once looks here for transactions that an earlier run left open. */
  static final Pattern RESULTS = Pattern.compile("flumen\\.(?!video$|cameras$|owners$|models$|feedback$).*");

  /** Header of a video record that holds the PacketHeader. */
  static final String PACKET_HEADER = "h";

  private Topics() {}

  /** The topics there are; names those that are missing, as Flink's own message does not. */
  static Map<String, List<PartitionInfo>> check(Consumer<?, ?> consumer) {
    Map<String, List<PartitionInfo>> there = consumer.listTopics(Duration.ofSeconds(30));
    List<String> missing = NEEDED.stream().filter(topic -> !there.containsKey(topic)).toList();
    if (!missing.isEmpty()) {
      throw new IllegalStateException("topics are missing: " + missing + ": run `flumen topics apply`");
    }
    return there;
  }
}
