package flumen.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import flumen.v1.Flumen.Insight;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Made visits; the same as in crates/learn. */
class PatternsTest {
  /** Somebody goes through places, three seconds each. */
  private static void visit(Patterns it, long minute, List<Integer> places, boolean alone) {
    List<Long> feet = new ArrayList<>();
    for (int i = 0; i < 3 * places.size(); i++) {
      long place = i % 3 == 2 ? 0 : 1 + places.get(i / 3);
      feet.add((minute * 60 + i) * 64 + 4 * place + (alone || i != 4 ? 1 : 0) + (i == 0 ? 2 : 0));
    }
    it.minute(feet);
  }

  @Test
  void usualPathsStandInTheCardAndANewOneIsToldOnce() {
    Patterns it = new Patterns();
    Patterns other = new Patterns();
    List<Patterns.Mined> cards = new ArrayList<>();
    List<Insight> fresh = new ArrayList<>();
    for (long minute = 0; minute < 12 * 1440; minute++) {
      long day = minute / 1440;
      if (minute % 10 == 0) {
        visit(it, minute, List.of(4, 5, 6, 7), true);
      } else if (minute % 10 == 5) {
        visit(it, minute, List.of(11, 10, 6), true);
      } else if (minute % 10 == 7) {
        visit(it, minute, List.of(0, 1, 2), false);
      } else if (minute % 10 == 3 && day >= 6) {
        visit(it, minute, List.of(8, 9, 5, 1), true);
      }
      if (minute % 50 == 0) {
        visit(other, minute, List.of(3, 2), true);
      }
      if (minute % 1440 == 0) {
        List<List<com.google.protobuf.ByteString>> candidates = Paths.candidates(List.of(other, it), new PlainTraining());
        Patterns.Mined mined = it.turn(day, candidates.get(1));
        Patterns.Mined quiet = other.turn(day, candidates.get(0));
        if (quiet != null) {
          assertEquals(Set.of(List.of(3, 2)), places(quiet), "a quiet camera beside a busy one");
        }
        if (mined != null) {
          cards.add(mined);
          if (mined.fresh() != null) {
            fresh.add(it.insight("a", mined.fresh()));
          }
          Patterns again = new Patterns();
          again.load(it.save());
          assertEquals(it.save(), again.save());
        }
      }
    }
    assertEquals(Set.of(List.of(4, 5, 6, 7), List.of(11, 10, 6)), places(cards.get(0)), "a mixed visit counts nothing");
    assertEquals(3, cards.get(cards.size() - 1).paths().size());
    assertEquals(1, fresh.size());
    assertEquals(List.of(8, 9, 5, 1), fresh.get(0).getPlacesList());
    assertTrue(fresh.get(0).getText().contains("bottom left, bottom centre left, middle centre left"));
  }

  private static Set<List<Integer>> places(Patterns.Mined mined) {
    Set<List<Integer>> all = new java.util.HashSet<>();
    mined.record().getPathsList().forEach(path -> all.add(path.getPlacesList()));
    return all;
  }

  @Test
  void nearToAnEdgeNobodyIsInAPlace() {
    assertEquals(8, place(0.1, 0.8) - 1, "third row, first column");
    assertEquals(0, place(0.24, 0.8), "between two columns");
    assertEquals(0, place(0.1, 0.65), "between two rows");
    assertEquals(new TreeSet<>(Set.of(0, 11)), new TreeSet<>(Set.of(place(0, 0) - 1, place(1, 1) - 1)));
  }

  private static int place(double x, double y) {
    return (int) (Patterns.foot(Made.busy("a", 0, 0.5, true).toBuilder()
        .setValues(Features.FOOT_X, (float) x)
        .setValues(Features.FOOT_Y, (float) y)
        .build()) % 64 / 4);
  }
}
