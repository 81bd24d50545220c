package flumen.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AnalysisTest {
  private static final List<String> CAMERAS = List.of("gate", "yard", "door", "hall", "dock", "roof", "lane");
  private static final Cards NONE = List::of;

  @AfterEach
  void everySessionWasFreed() {
    assertEquals(0, Counting.OPEN.get());
    assertEquals(0, Counting.TABLES.get());
  }

  private static Bench fresh(Cards cards) throws Exception {
    return new Bench(new Counting(), cards, 1, null, 1);
  }

  /** What each camera answers to packet `offset`. */
  private static List<String> round(Bench bench, long offset) throws Exception {
    List<String> answers = new ArrayList<>();
    for (String camera : CAMERAS) {
      answers.add(bench.packet(camera, offset, camera + offset));
    }
    return answers;
  }

  private static List<List<String>> undisturbed(int rounds) throws Exception {
    List<List<String>> answers = new ArrayList<>();
    try (Bench bench = fresh(NONE)) {
      for (int i = 0; i < rounds; i++) {
        answers.add(round(bench, i));
      }
    }
    return answers;
  }

  /** Keyed state written in snapshotState must not land on the key that was processed last. */
  @Test
  void stateOfEachCameraComesBackUnderItsOwnKey() throws Exception {
    List<List<String>> expected = undisturbed(4);
    OperatorSubtaskState state;
    try (Bench bench = fresh(NONE)) {
      assertEquals(expected.get(0), round(bench, 0));
      bench.snapshot(1);
      assertEquals(expected.get(1), round(bench, 1));
      state = bench.snapshot(2);
    }
    try (Bench bench = new Bench(new Counting(), NONE, 1, state, 1)) {
      assertEquals(expected.get(2), round(bench, 2));
      assertEquals(expected.get(3), round(bench, 3));
    }
  }

  @Test
  void stateOfACameraThatWasSilentSinceTheLastCheckpointIsKept() throws Exception {
    OperatorSubtaskState state;
    try (Bench bench = fresh(NONE)) {
      round(bench, 0);
      bench.snapshot(1);
      bench.packet("gate", 1, "x");
      state = bench.snapshot(2);
    }
    try (Bench bench = new Bench(new Counting(), NONE, 1, state, 1)) {
      assertTrue(bench.packet("yard", 1, "x").startsWith("yard - 2 "));
      assertTrue(bench.packet("gate", 2, "x").startsWith("gate - 3 "));
    }
  }

  @Test
  void stateMovesWithItsCamerasWhenTheJobIsRescaled() throws Exception {
    List<List<String>> expected = undisturbed(4);
    OperatorSubtaskState state = null;
    int before = 1;
    int[] parallelism = {1, 4, 2, 1};
    for (int i = 0; i < parallelism.length; i++) {
      try (Bench bench = new Bench(new Counting(), NONE, parallelism[i], state, before)) {
        assertEquals(expected.get(i), round(bench, i), "with " + parallelism[i] + " subtasks");
        state = bench.snapshot(i + 1);
        before = parallelism[i];
      }
    }
  }

  @Test
  void cardsAreKnownBeforeTheFirstPacket() throws Exception {
    Cards cards = () -> List.of(new Card("gate", 3, Counting.bytes("old")), new Card("gate", 9, Counting.bytes("new")));
    try (Bench bench = fresh(cards)) {
      assertTrue(bench.packet("gate", 0, "x").startsWith("gate new 1 "));
      assertTrue(bench.packet("yard", 0, "x").startsWith("yard - 1 "));
    }
  }

  @Test
  void aNewerCardReachesTheCameraAndARepeatedOneDoesNot() throws Exception {
    Cards cards = () -> List.of(new Card("gate", 9, Counting.bytes("new")));
    try (Bench bench = fresh(cards)) {
      bench.card("gate", 3, Counting.bytes("old")); // the broadcast begins at the topic's beginning
      assertTrue(bench.packet("gate", 0, "x").startsWith("gate new 1 "));
      bench.card("gate", 4, Counting.bytes("older"));
      assertTrue(bench.packet("gate", 1, "x").startsWith("gate new 2 "));
      bench.card("gate", 10, Counting.bytes("newest"));
      assertTrue(bench.packet("gate", 2, "x").startsWith("gate newest 3 "));
      bench.card("gate", 11, null);
      assertTrue(bench.packet("gate", 3, "x").startsWith("gate newest 4 "));
    }
  }

  @Test
  void cardsThatCameWhileTheJobWasAwayAreShownToRestoredCameras() throws Exception {
    OperatorSubtaskState state;
    try (Bench bench = fresh(() -> List.of(new Card("gate", 1, Counting.bytes("one"))))) {
      bench.packet("gate", 0, "x");
      state = bench.snapshot(1);
    }
    Cards later = () -> List.of(new Card("gate", 2, Counting.bytes("two")));
    try (Bench bench = new Bench(new Counting(), later, 1, state, 1)) {
      assertTrue(bench.packet("gate", 1, "x").startsWith("gate two 2 "));
    }
  }

  @Test
  void modelsReachAllCamerasAlsoThoseToCome() throws Exception {
    Cards known = () -> List.of(new Card("group:site/kmeans/1", true, 3, 5, Counting.bytes("m")));
    try (Bench bench = new Bench(new Counting(), known, 2, null, 1)) {
      assertTrue(bench.packet("gate", 0, "x").endsWith("+group:site/kmeans/1"), "known before the first packet");
      assertEquals(List.of(), bench.model("yard/profile/2", 4, Counting.bytes("m")));
      assertTrue(bench.packet("gate", 1, "x").endsWith("+yard/profile/2"));
      assertTrue(bench.packet("yard", 1, "x").endsWith("+yard/profile/2"));
    }
  }

  @Test
  void aModelThatIsRefusedIsToldOnceAndStopsNothing() throws Exception {
    Cards known = () -> List.of(new Card("yard/profile/1", true, 3, 5, Counting.bytes("bad")));
    try (Bench bench = new Bench(new Counting(), known, 4, null, 1)) {
      List<Result> told = bench.model("yard/profile/2", 4, Counting.bytes("bad"));
      assertEquals(List.of("flumen.rejects", "flumen.rejects"), told.stream().map(Result::topic).toList());
      assertEquals(List.of(5L, 7L), told.stream().map(Result::timestampMs).toList());
      assertTrue(bench.packet("yard", 1, "x").startsWith("yard - 1 "));
    }
  }

  @Test
  void aSessionThatFailsBeginsAnewAndTheOthersGoOn() throws Exception {
    OperatorSubtaskState state;
    try (Bench bench = fresh(NONE)) {
      round(bench, 0);
      bench.snapshot(1);
      assertNull(bench.packet("gate", 1, "panic"));
      assertTrue(bench.packet("gate", 2, "x").startsWith("gate - 1 "));
      assertTrue(bench.packet("yard", 2, "x").startsWith("yard - 2 "));
      state = bench.snapshot(2);
    }
    try (Bench bench = new Bench(new Counting(), NONE, 1, state, 1)) {
      assertTrue(bench.packet("gate", 3, "x").startsWith("gate - 2 "));
    }
  }

  @Test
  void aPacketThatBelongsToNoCameraIsSaidToBeStray() throws Exception {
    try (Bench bench = fresh(NONE)) {
      List<Result> results = bench.packet("", 77, null, Counting.bytes("x"));
      assertEquals("flumen.rejects", results.get(0).topic());
      assertEquals(77, results.get(0).timestampMs());
    }
  }

  /** A broker refuses times before 1970 and an hour ahead, and the job would repeat such a record for ever. */
  @Test
  void resultsBearTheTimeOfTheirPacketWhateverItsHeaderSays() throws Exception {
    try (Bench bench = fresh(NONE)) {
      assertEquals(5, bench.packet("gate", 5, null, Counting.bytes("x")).get(0).timestampMs());
      assertEquals(0, bench.packet("gate", -1, null, Counting.bytes("x")).get(0).timestampMs());
    }
  }

  @Test
  void anIdleCameraLeavesMemoryButNotTheState() throws Exception {
    OperatorSubtaskState state = null;
    try (Bench bench = fresh(() -> List.of(new Card("gone", 1, Counting.bytes("c"))))) {
      bench.packet("gate", 0, "x");
      bench.packet("gone", 0, "x");
      bench.card("gone", 2, null);
      for (int i = 1; i <= Analysis.IDLE_CHECKPOINTS + 2; i++) {
        state = bench.snapshot(i);
      }
      assertEquals(0, Counting.OPEN.get());
      assertTrue(bench.packet("gate", 1, "x").startsWith("gate - 2 "));
    }
    try (Bench bench = new Bench(new Counting(), NONE, 1, state, 1)) {
      assertTrue(bench.packet("gate", 1, "x").startsWith("gate - 2 "));
      assertTrue(bench.packet("gone", 1, "x").startsWith("gone - 1 "), "a removed camera leaves nothing");
    }
  }
}
