package flumen.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleConsumer;

/** Arrays of doubles to repeated fields and back. */
final class Lists {
  private Lists() {}

  static void put(double[] from, DoubleConsumer to) {
    for (double v : from) {
      to.accept(v);
    }
  }

  static void get(List<Double> from, double[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] = from.get(i);
    }
  }

  static double[] array(List<Double> from) {
    double[] to = new double[from.size()];
    get(from, to);
    return to;
  }

  static List<Double> list(double[] from) {
    List<Double> to = new ArrayList<>(from.length);
    for (double v : from) {
      to.add(v);
    }
    return to;
  }

  /** Cuts a list into rows of one width. */
  static List<double[]> rows(List<Double> from, int width) {
    List<double[]> rows = new ArrayList<>();
    for (int at = 0; at + width <= from.size(); at += width) {
      rows.add(array(from.subList(at, at + width)));
    }
    return rows;
  }
}
