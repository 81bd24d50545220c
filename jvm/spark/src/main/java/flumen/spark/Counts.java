package flumen.spark;

/** Where counts lie: a negative binomial by its mean and variance (docs/ref/models.md, "Forecast" 6). */
final class Counts {
  private static final double TAIL = 0.05;
  /** From which mean on a count is taken as normal, and where that has its tail. */
  private static final double MANY = 1000;
  private static final double TAIL_OF_NORMAL = 1.6448536269514727;
  private static final int MOST = 20_000;

  private final double mean;
  /** Of the negative binomial; 0 of a Poisson. */
  private final double shape;
  private double log;
  private int count;
  private double sum;
  private double below;

  private Counts(double mean, double variance) {
    this.mean = mean;
    shape = variance > mean * 1.0001 ? mean * mean / (variance - mean) : 0;
    log = shape > 0 ? shape * Math.log(mean / variance) : -mean;
    sum = Math.exp(log);
  }

  /** Goes on to the smallest count up to which there is a share. */
  private double reach(double share) {
    below = count == 0 ? 0 : sum;
    while (sum < share && count < MOST) {
      below = sum;
      double before = count++;
      double poisson = mean / count;
      log += Math.log(shape > 0 ? poisson * (shape + before) / (shape + mean) : poisson);
      sum += Math.exp(log);
    }
    return count;
  }

  /** Between which counts 90 % lie: of all counts those whose tails are nearest to 5 %. */
  static double[] interval(double mean, double variance) {
    if (mean < 1e-9) {
      return new double[] {0, 0};
    }
    if (mean > MANY) {
      double half = TAIL_OF_NORMAL * Math.sqrt(variance);
      return new double[] {Math.round(Math.max(0, mean - half)), Math.round(mean + half)};
    }
    Counts counts = new Counts(mean, variance);
    double low = counts.reach(TAIL);
    if (Math.abs(counts.sum - TAIL) < Math.abs(counts.below - TAIL)) {
      low++;
    }
    double high = counts.reach(1 - TAIL);
    if (high > 0 && Math.abs(counts.below - (1 - TAIL)) < Math.abs(counts.sum - (1 - TAIL))) {
      high--;
    }
    return new double[] {Math.min(low, high), high};
  }
}
