package flumen.spark;

import com.google.protobuf.ByteString;
import flumen.spark.state.CameraState;
import flumen.spark.state.OpenAnomaly;
import flumen.v1.Flumen.Insight;
import flumen.v1.Flumen.InsightKind;
import flumen.v1.Flumen.Oddity;
import flumen.v1.Flumen.Phase;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Odd minutes of one camera as anomalies: begun, merged, ended (docs/ref/models.md). */
final class Anomalies {
  private static final long MINUTE_US = 60_000_000;
  static final long APART = 5;
  private static final int AN_HOUR = 6;

  private final String camera;
  private OpenAnomaly.Builder open;
  private long hour = -1;
  private int begun;

  Anomalies(String camera) {
    this.camera = camera;
  }

  /** Takes what is odd in a minute, and tells what begins, changes or ends by it. */
  void minute(long minute, List<Oddity> odd, Consumer<Insight> tell) {
    boolean ends = open != null
        && (minute - open.getLast() > APART || !odd.isEmpty() && absence(open.getOdditiesList()) != absence(odd));
    if (ends) {
      tell(Phase.PHASE_END, tell);
      open = null;
    }
    if (odd.isEmpty()) {
      return;
    }
    if (open != null) {
      open.setLast(minute);
      if (merge(odd)) {
        tell(Phase.PHASE_UPDATE, tell);
      }
      return;
    }
    if (minute / 60 != hour) {
      hour = minute / 60;
      begun = 0;
    }
    if (begun < AN_HOUR) {
      begun++;
      String leading = leading(odd).getDimension();
      open = OpenAnomaly.newBuilder()
          .setId(id(camera, InsightKind.INSIGHT_KIND_ANOMALY, minute * MINUTE_US, leading))
          .setRevision(-1)
          .setDimension(leading)
          .setFirst(minute)
          .setLast(minute)
          .addAllOddities(odd);
      tell(Phase.PHASE_BEGIN, tell);
    }
  }

  /** Keeps the oddest of each dimension; true when there is a new one. */
  private boolean merge(List<Oddity> odd) {
    boolean fresh = false;
    for (Oddity one : odd) {
      int at = 0;
      while (at < open.getOdditiesCount()
          && !open.getOddities(at).getDimension().equals(one.getDimension())) {
        at++;
      }
      if (at == open.getOdditiesCount()) {
        open.addOddities(one);
        fresh = true;
      } else if (one.getScore() > open.getOddities(at).getScore()) {
        open.setOddities(at, one);
      }
    }
    return fresh;
  }

  private void tell(Phase phase, Consumer<Insight> tell) {
    open.setRevision(open.getRevision() + 1);
    Oddity first = leading(open.getOdditiesList());
    Insight.Builder insight = Insight.newBuilder()
        .setId(open.getId())
        .setRevision(open.getRevision())
        .setCamera(camera)
        .setKind(InsightKind.INSIGHT_KIND_ANOMALY)
        .setPhase(phase)
        .setBeginUs(open.getFirst() * MINUTE_US)
        .setEndUs((open.getLast() + 1) * MINUTE_US)
        .setDimension(open.getDimension())
        .setText(first.getText())
        .setModelVersion(first.getVersion())
        .setTrainer(Cards.TRAINER);
    open.getOdditiesList().stream()
        .sorted((a, b) -> Double.compare(ratio(b), ratio(a)))
        .forEach(insight::addOddities);
    tell.accept(insight.build());
  }

  /** What comes ends an absence, and is an anomaly of its own. */
  private static boolean absence(List<Oddity> odd) {
    return odd.stream().anyMatch(one -> one.getDimension().equals("absence"));
  }

  private static Oddity leading(List<Oddity> odd) {
    Oddity best = odd.get(0);
    for (Oddity one : odd) {
      best = ratio(one) > ratio(best) ? one : best;
    }
    return best;
  }

  private static double ratio(Oddity odd) {
    return odd.getScore() / odd.getThreshold();
  }

  static ByteString id(String camera, InsightKind kind, long beginUs, String dimension) {
    String text = camera + '\0' + kind.getNumber() + '\0' + beginUs + '\0' + dimension + '\0';
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return ByteString.copyFrom(Arrays.copyOf(hash, 16));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("each JDK has SHA-256", e);
    }
  }

  void save(CameraState.Builder to) {
    to.setHour(hour).setBegun(begun);
    if (open != null) {
      to.setAnomaly(open);
    }
  }

  void load(CameraState from) {
    hour = from.getHour();
    begun = from.getBegun();
    open = from.hasAnomaly() ? from.getAnomaly().toBuilder() : null;
  }
}
