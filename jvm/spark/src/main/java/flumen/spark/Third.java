package flumen.spark;

/** The third largest of what it saw: a score has to hold for three windows. */
final class Third {
  private final double[] best = new double[3];

  void add(double score) {
    double next = score;
    for (int i = 0; i < best.length; i++) {
      if (next > best[i]) {
        double smaller = best[i];
        best[i] = next;
        next = smaller;
      }
    }
  }

  double value() {
    return best[2];
  }
}
