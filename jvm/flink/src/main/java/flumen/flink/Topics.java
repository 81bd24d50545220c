package flumen.flink;

import java.util.regex.Pattern;

/** Names of topics; what travels on each is in docs/ref/topics.md. */
final class Topics {
  static final String CAMERAS = "flumen.cameras";
  static final String VIDEO = "flumen.video";
  /** Where results may go; exactly-once looks here for transactions that an earlier run left open. */
  static final Pattern RESULTS = Pattern.compile("flumen\\.(?!video$|cameras$|owners$).*");

  /** Header of a video record that holds the PacketHeader. */
  static final String PACKET_HEADER = "h";

  private Topics() {}
}
