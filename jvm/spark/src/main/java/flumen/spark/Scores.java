package flumen.spark;

import flumen.spark.state.Histogram;

/** Scores of one dimension of a camera, in quarter octaves, and the threshold they give. */
final class Scores {
  private static final int LEAST = -16;
  private static final int BINS = 256;
  /** Odd minutes of a dimension in a camera-day. */
  private static final double ODD_A_DAY = 0.05;
  private static final double DAY = 1440;
  private static final double COUNTS = 0.5;
  /** Bins above the highest score of a short history. */
  private static final int ABOVE = 4;

  private final double[] counts = new double[BINS];

  static Scores of(Histogram from) {
    Scores scores = new Scores();
    for (int i = 0; i < from.getBinsCount(); i++) {
      scores.counts[from.getBins(i)] = from.getCounts(i);
    }
    return scores;
  }

  Histogram record() {
    Histogram.Builder to = Histogram.newBuilder();
    for (int i = 0; i < BINS; i++) {
      if (counts[i] > 0) {
        to.addBins(i).addCounts(counts[i]);
      }
    }
    return to.build();
  }

  /** The bin of a score above 0: four to an octave. */
  static int bin(double score) {
    long bits = Double.doubleToRawLongBits(score);
    int octave = (int) (bits >>> 52 & 0x7ff) - 1023;
    int at = 4 * (octave - LEAST) + (int) (bits >>> 50 & 3);
    return Math.max(0, Math.min(BINS - 1, at));
  }

  /** The lower edge of a bin. */
  static double edge(int bin) {
    return Math.scalb(1 + (bin & 3) / 4.0, (bin >> 2) + LEAST);
  }

  /** Counts a score; above the threshold it counts so that many raise it by little, and a few not. */
  void add(double score, double threshold, double minutes) {
    if (score <= 0) {
      return;
    }
    int odd = threshold > 0 ? bin(threshold) - (allowed(minutes) < 1 ? ABOVE + 1 : 0) : BINS - 1;
    counts[Math.min(bin(score), Math.max(0, odd))]++;
  }

  /** Odd minutes that as many minutes may have. */
  private static double allowed(double minutes) {
    return minutes * ODD_A_DAY / DAY;
  }

  void fade(double by) {
    for (int i = 0; i < BINS; i++) {
      counts[i] *= by;
    }
  }

  /** The threshold by as many minutes, at least the dimension's own. */
  double threshold(double minutes, double least) {
    double allowed = allowed(minutes);
    int top = BINS - 1;
    while (top >= 0 && counts[top] < COUNTS) {
      top--;
    }
    if (top < 0) {
      return least;
    }
    if (allowed < 1) {
      return Math.max(least, edge(Math.min(BINS - 1, top + ABOVE + 1)));
    }
    double above = 0;
    int bin = BINS - 1;
    while (bin > 0 && above + counts[bin] <= allowed) {
      above += counts[bin];
      bin--;
    }
    return Math.max(least, edge(Math.min(BINS - 1, bin + 1)));
  }
}
