package flumen.spark;

/** Mean and deviation of each feature of one camera's busy windows, old ones fading. */
final class Normals {
  private static final long MOST = 20_000;

  long windows;
  final double[] mean = new double[Features.COUNT];
  final double[] variance = new double[Features.COUNT];

  void add(double[] x) {
    windows = Math.min(windows + 1, MOST);
    for (int i = 0; i < x.length; i++) {
      double d = x[i] - mean[i];
      mean[i] += d / windows;
      variance[i] += (d * (x[i] - mean[i]) - variance[i]) / windows;
    }
  }

  double[] deviation() {
    double[] deviation = new double[variance.length];
    for (int i = 0; i < deviation.length; i++) {
      deviation[i] = Math.sqrt(variance[i]);
    }
    return deviation;
  }

  double[] standardised(double[] x) {
    return Features.standardised(x, mean, deviation());
  }
}
