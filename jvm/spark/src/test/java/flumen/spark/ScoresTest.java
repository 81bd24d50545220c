package flumen.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ScoresTest {
  @Test
  void eachScoreLiesBetweenTheEdgesOfItsBin() {
    for (double score = 0.001; score < 1e9; score *= 1.07) {
      int bin = Scores.bin(score);
      assertTrue(Scores.edge(bin) <= score && score < Scores.edge(bin + 1), "score " + score + " in bin " + bin);
    }
  }

  @Test
  void aShortHistoryPutsTheThresholdAboveAllThatWasSeen() {
    Scores scores = new Scores();
    for (int i = 0; i < 2000; i++) {
      scores.add(10, 0, 2001);
    }
    scores.add(100, 0, 2001);
    double threshold = scores.threshold(2001, 1);
    assertTrue(threshold > 100 && threshold < 300, "threshold " + threshold);
  }

  @Test
  void aLongHistoryAllowsOneOddMinuteInTwentyDays() {
    Scores scores = new Scores();
    for (int i = 0; i < 100_000; i++) {
      scores.add(i % 40_000 == 0 ? 5000 : 10, 0, 100_000);
    }
    double threshold = scores.threshold(100_000, 1);
    assertTrue(threshold > 10 && threshold < 13, "three in 100,000 minutes are fewer than allowed: " + threshold);
  }

  @Test
  void oneOddMinuteDoesNotMakeOddnessUsual() {
    Scores scores = new Scores();
    scores.add(10, 0, 1);
    double before = scores.threshold(1, 1);
    scores.add(1e6, before, 1);
    assertEquals(before, scores.threshold(2, 1));
    // Of a long history: what comes more often than is allowed raises it by a bin.
    double longer = scores.threshold(100_000, 1);
    for (int i = 0; i < 10; i++) {
      scores.add(1e6, longer, 100_000);
    }
    double after = scores.threshold(100_000, 1);
    assertTrue(after > longer && after < 1.3 * longer, longer + " to " + after);
  }

  @Test
  void whatNeverScoredKeepsTheLeastThreshold() {
    assertEquals(100, new Scores().threshold(5000, 100));
  }

  @Test
  void aRecordIsReadBack() {
    Scores scores = new Scores();
    scores.add(7, 0, 1);
    scores.add(9000, 0, 1);
    assertEquals(scores.record(), Scores.of(scores.record()).record());
  }
}
