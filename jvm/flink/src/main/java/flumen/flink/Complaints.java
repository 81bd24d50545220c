package flumen.flink;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Errors in the log, at most one a second; the others are counted. */
final class Complaints {
  private static final Logger LOG = LoggerFactory.getLogger(Analysis.class);
  private long last = System.nanoTime() - 2_000_000_000L;
  private long unsaid;

  void say(String what, Throwable why) {
    long now = System.nanoTime();
    if (now - last < 1_000_000_000L) {
      unsaid++;
      return;
    }
    LOG.error(unsaid == 0 ? what : what + " (and " + unsaid + " more since the last)", why);
    last = now;
    unsaid = 0;
  }
}
