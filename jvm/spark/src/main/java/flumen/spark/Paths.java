package flumen.spark;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Usual paths of a whole group in one call of PrefixSpan: each camera's places are items of their own,
 * and each camera brings as many visits, so that a quiet one is not lost beside a busy one.
 */
final class Paths {
  /** Visits that stand for a camera's. */
  private static final int VISITS = 400;
  /** What may be usual: counts are rounded here and held against the real ones afterwards. */
  private static final double MAYBE = 0.04;

  private Paths() {}

  /** What may be usual of each camera, in their order. */
  static List<List<ByteString>> candidates(List<Patterns> cameras, Training training) {
    List<List<Integer>> visits = new ArrayList<>();
    List<TreeSet<ByteString>> found = new ArrayList<>();
    int mined = 0;
    for (int i = 0; i < cameras.size(); i++) {
      int before = visits.size();
      cameras.get(i).sequences(VISITS, Patterns.PLACES * i, visits);
      mined += visits.size() > before ? 1 : 0;
      found.add(new TreeSet<>(Patterns.ORDER));
    }
    if (mined > 0) {
      for (List<Integer> items : training.sequences(visits, MAYBE * VISITS / visits.size(), Patterns.LONGEST)) {
        add(items, found);
      }
    }
    return found.stream().map(of -> (List<ByteString>) new ArrayList<>(of)).toList();
  }

  /** No place twice in a row: that is what a visit is. */
  private static void add(List<Integer> items, List<TreeSet<ByteString>> found) {
    for (int i = 1; i < items.size(); i++) {
      if (items.get(i).equals(items.get(i - 1))) {
        return;
      }
    }
    List<Integer> places = items.stream().map(item -> item % Patterns.PLACES).toList();
    found.get(items.get(0) / Patterns.PLACES).add(Patterns.bytes(places));
  }
}
