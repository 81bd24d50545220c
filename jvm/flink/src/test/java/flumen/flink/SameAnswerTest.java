package flumen.flink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import flumen.bridge.Analyzer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.Test;

/**
 * The real analyser in the operator: its answers to a clip are those that Rust wrote down, also when the operator is
 * restored in mid-GOP with another parallelism. Needs the native library: -Dflumen.library.
 */
class SameAnswerTest {
  /** A record of the clip and the results that belong to it; the format is that of the bridge's tests. */
  private record Step(byte[] header, byte[] value, List<Result> results) {}

  private static List<Step> clip() throws IOException {
    try (InputStream in = SameAnswerTest.class.getResourceAsStream("/street.golden")) {
      ByteBuffer from = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      for (int models = from.getInt(); models > 0; models--) {
        take(from, from.getInt());
        take(from, from.getInt());
      }
      int count = from.getInt();
      List<Step> all = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        all.add(new Step(take(from, from.getInt()), take(from, from.getInt()), results(take(from, from.getInt()))));
      }
      return all;
    }
  }

  private static List<Result> results(byte[] answer) {
    ByteBuffer from = ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN).position(1);
    List<Result> all = new ArrayList<>();
    while (from.hasRemaining()) {
      String topic = Counting.text(take(from, from.getShort()));
      byte[] key = take(from, from.getInt());
      long timestampUs = from.getLong();
      all.add(new Result(topic, key, timestampUs / 1000, take(from, from.getInt())));
    }
    return all;
  }

  private static byte[] take(ByteBuffer from, int length) {
    byte[] bytes = new byte[length];
    from.get(bytes);
    return bytes;
  }

  /** Sensitivity 60, version 4, main stream; and the models that the answers were made with. */
  private static List<Card> cards() {
    byte[] card = {0x0a, 4, 'y', 'a', 'r', 'd', 0x18, 1, 0x22, 4, 0x2a, 2, 0x10, 1, 0x2a, 2, 0x18, 60, 0x40, 4};
    List<Card> cards = new ArrayList<>(List.of(new Card("yard", 0, card)));
    try (InputStream in = SameAnswerTest.class.getResourceAsStream("/street.golden")) {
      ByteBuffer from = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      // The last one is refused.
      for (int models = from.getInt(); models > 1; models--) {
        String key = Counting.text(take(from, from.getInt()));
        cards.add(new Card(key, true, cards.size(), 7, take(from, from.getInt())));
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return cards;
  }

  @Test
  void restoredAndRescaledInMidGopItAnswersTheSame() throws Exception {
    List<Step> clip = clip();
    OperatorSubtaskState state = null;
    int before = 1;
    int at = 0;
    for (int round = 0; at < clip.size(); round++) {
      int parallelism = new int[] {1, 4, 2}[round % 3];
      try (Bench bench = new Bench(Engine.bridge(), SameAnswerTest::cards, parallelism, state, before)) {
        for (int end = Math.min(clip.size(), at + 17); at < end; at++) {
          Step step = clip.get(at);
          assertSame(step.results(), bench.packet("yard", at, step.header(), step.value()), "record " + at);
        }
        state = bench.snapshot(round + 1);
        before = parallelism;
      }
      assertEquals(0, Analyzer.count(), "native sessions are freed");
    }
  }

  @Test
  void damageGoesToTheRejectsAndLeavesTheOthersAlone() throws Exception {
    List<Step> clip = clip().subList(0, 30);
    try (Bench bench = new Bench(Engine.bridge(), SameAnswerTest::cards, 1, null, 1)) {
      for (int at = 0; at < clip.size(); at++) {
        Step step = clip.get(at);
        for (String camera : new String[] {"gate", "Not A Camera", ""}) {
          List<Result> rejects = bench.packet(camera, at, at % 2 == 0 ? null : new byte[] {9, 9}, step.value());
          assertEquals(1, rejects.size());
          assertEquals("flumen.rejects", rejects.get(0).topic());
        }
        assertSame(step.results(), bench.packet("yard", at, step.header(), step.value()), "record " + at);
      }
    }
  }

  private static void assertSame(List<Result> expected, List<Result> actual, String where) {
    assertEquals(expected.size(), actual.size(), where);
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).topic(), actual.get(i).topic(), where);
      assertArrayEquals(expected.get(i).key(), actual.get(i).key(), where);
      assertArrayEquals(expected.get(i).value(), actual.get(i).value(), where);
    }
  }
}
