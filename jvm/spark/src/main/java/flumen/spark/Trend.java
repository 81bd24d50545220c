package flumen.spark;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/** One value against its own day, and where it goes (docs/ref/models.md, "Health"). */
final class Trend {
  static final int HOURS = 12;
  private static final double DAYS = 7;
  private static final double ENOUGH = 2;
  private static final double MOST = 0.1;
  private static final long WITHIN = 24;
  private static final double FAILED = 0.6;
  private static final double USUAL = 0.9;
  private static final double AHEAD = 24;
  private static final double CLEAR = 4;

  /** Days and logarithm of what is usual, by hour of the day. */
  final double[][] hours = new double[24][2];
  /** Hours and what they were beside the usual. */
  final Deque<double[]> last = new ArrayDeque<>();

  /** Where the last hours go: logarithm of the share of the usual now, slopes of all and of halves. */
  record Line(double level, double slope, double older, double newer, double beside) {
    /** True when it falls all the time, clearly, and fails soon. */
    boolean fails() {
      return slope < 0
          && older <= slope / 3
          && newer <= slope / 3
          && -slope * (HOURS - 1) > CLEAR * beside
          && level < Math.log(USUAL)
          && level + AHEAD * slope <= Math.log(FAILED);
    }

    /** Hours until it has failed; -1 when it does not go there. */
    double hoursLeft() {
      return slope < 0 ? Math.max(0, (Math.log(FAILED) - level) / slope) : -1;
    }
  }

  /** Takes an hour's mean. */
  void hour(long hour, int hourOfDay, double mean, boolean more) {
    double[] usual = hours[hourOfDay];
    double value = Math.log(Math.max(1e-6, mean)) * (more ? -1 : 1);
    double off = value - usual[1];
    double moved = off;
    if (usual[0] >= ENOUGH) {
      last.addLast(new double[] {hour, off});
      last.removeIf(one -> hour - one[0] >= WITHIN);
      if (last.size() > HOURS) {
        last.removeFirst();
      }
      moved = Math.max(-MOST, Math.min(MOST, off));
    }
    usual[0] = Math.min(DAYS, usual[0] + 1);
    usual[1] += moved / usual[0];
  }

  /** Null before there are hours enough. */
  Line line() {
    if (last.size() < HOURS) {
      return null;
    }
    double[][] all = last.toArray(double[][]::new);
    double now = all[HOURS - 1][0];
    double slope = slope(all);
    double[] atNow = Arrays.stream(all).mapToDouble(one -> one[1] + slope * (now - one[0])).toArray();
    double level = median(atNow);
    double beside = median(Arrays.stream(atNow).map(x -> Math.abs(x - level)).toArray());
    return new Line(level, slope, slope(Arrays.copyOf(all, HOURS / 2)),
        slope(Arrays.copyOfRange(all, HOURS / 2, HOURS)), beside);
  }

  /** Where it is, when that is about the usual again; else null. */
  Line recovered() {
    if (last.size() < HOURS / 2) {
      return null;
    }
    double level = median(last.stream().skip(last.size() - HOURS / 2).mapToDouble(one -> one[1]).toArray());
    return level > Math.log(USUAL) ? new Line(level, 0, 0, 0, 0) : null;
  }

  /** The median of the slopes of all pairs. */
  private static double slope(double[][] of) {
    double[] slopes = new double[of.length * (of.length - 1) / 2];
    int at = 0;
    for (int i = 0; i < of.length; i++) {
      for (int j = i + 1; j < of.length; j++) {
        slopes[at++] = (of[j][1] - of[i][1]) / (of[j][0] - of[i][0]);
      }
    }
    return median(slopes);
  }

  private static double median(double[] all) {
    Arrays.sort(all);
    int half = all.length / 2;
    return all.length % 2 == 1 ? all[half] : (all[half - 1] + all[half]) / 2;
  }
}
