package flumen.flink;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.runtime.metrics.DescriptiveStatisticsHistogram;
import org.apache.flink.runtime.metrics.groups.AbstractMetricGroup;

/** What the operator tells Flink's metric system; names in docs/guide/04-flink.md. */
final class Measures {
  private final MetricGroup group;
  private final Counter packets = new SimpleCounter();
  private final Counter results = new SimpleCounter();
  private final Counter failures = new SimpleCounter();
  private final Histogram processMicros = new DescriptiveStatisticsHistogram(1000);
  private long snapshotBytes;
  private long snapshotMicros;

  Measures(MetricGroup operator) {
    group = operator.addGroup("flumen");
    group.counter("packets", packets);
    group.counter("results", results);
    group.counter("failures", failures);
    group.histogram("processMicros", processMicros);
    group.gauge("snapshotBytes", (Gauge<Long>) () -> snapshotBytes);
    group.gauge("snapshotMicros", (Gauge<Long>) () -> snapshotMicros);
  }

  /** Of one camera, until it is closed. */
  static final class OfCamera {
    private final MetricGroup group;
    private final Counter packets = new SimpleCounter();
    private volatile long lagMillis;

    private OfCamera(MetricGroup group) {
      this.group = group;
      group.counter("packets", packets);
      group.gauge("lagMillis", (Gauge<Long>) () -> lagMillis);
    }

    void close() {
      if (group instanceof AbstractMetricGroup<?> registered) {
        registered.close();
      }
    }
  }

  OfCamera of(String camera) {
    return new OfCamera(group.addGroup("camera", camera));
  }

  /** A packet was analysed; {@code timestampMs} is when it arrived at ingest. */
  void in(OfCamera camera, long timestampMs, long nanos) {
    packets.inc();
    camera.packets.inc();
    camera.lagMillis = System.currentTimeMillis() - timestampMs;
    processMicros.update(nanos / 1000);
  }

  void out() {
    results.inc();
  }

  void failure() {
    failures.inc();
  }

  void snapshot(long bytes, long nanos) {
    snapshotBytes = bytes;
    snapshotMicros = nanos / 1000;
  }
}
