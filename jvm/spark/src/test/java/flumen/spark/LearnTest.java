package flumen.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import flumen.spark.state.LearnState;
import flumen.spark.state.Outgoing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job on Spark itself, with files instead of Kafka. */
class LearnTest {
  private static final StructType ROWS =
      StructType.fromDDL("partition INT, offset BIGINT, value BINARY");
  private static final int FILES = 6;

  @TempDir static Path dir;
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = SparkSession.builder()
        .master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate();
    spark.sparkContext().setLogLevel("OFF");
    long offset = 0;
    for (int file = 0; file < FILES; file++) {
      List<Row> rows = new ArrayList<>();
      // Files end in the middle of a minute.
      for (long s = 0; s < 490; s++, offset++) {
        long second = 8 * 3600 + offset;
        rows.add(RowFactory.create(0, offset, Made.usual("a", second).toByteArray()));
        rows.add(RowFactory.create(1, offset, Made.usual("b", second).toByteArray()));
      }
      spark.createDataFrame(rows, ROWS).coalesce(1).write().mode("append").parquet(dir.resolve("in").toString());
    }
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Dataset<Row> files(int each) {
    return spark.readStream().schema(ROWS).option("maxFilesPerTrigger", each).parquet(dir.resolve("in").toString());
  }

  private static Settings settings(String name) {
    return Settings.parse(new String[] {
        "--brokers", "none", "--dir", dir.resolve(name).toUri().toString(), "--trigger-ms", "0"});
  }

  /** What went out, the last of each key; insights by id and revision. */
  private static final class Kept extends Publisher {
    final Map<String, Outgoing> last = new LinkedHashMap<>();

    @Override
    void publish(List<Outgoing> records) {
      records.forEach(r -> last.put(r.getTopic() + " " + r.getKey(), r));
    }
  }

  private static LearnState run(String name, int filesEach, Kept out, Batches.Halt halt) throws Exception {
    Learn.start(files(filesEach), settings(name), out, halt).awaitTermination();
    try (Stream<Path> states = Files.list(dir.resolve(name).resolve("state"))) {
      Path newest = states
          .filter(p -> p.getFileName().toString().matches("\\d+"))
          .max((a, b) -> Long.compare(number(a), number(b)))
          .orElseThrow();
      return LearnState.parseFrom(Files.readAllBytes(newest));
    }
  }

  private static long number(Path state) {
    return Long.parseLong(state.getFileName().toString());
  }

  private static LearnState learned(LearnState state) {
    return state.toBuilder().clearCheckpoint().clearBatch().clearOutbox().build();
  }

  @Test
  void aRunThatIsEndedAnywhereAndOneInOtherBatchesLearnTheSame() throws Exception {
    Kept whole = new Kept();
    LearnState undisturbed = run("whole", 1, whole, (place, batch) -> { });
    assertTrue(undisturbed.getSteps() >= 47, "steps: " + undisturbed.getSteps());

    Kept again = new Kept();
    for (String place : List.of("trained", "kept", "published")) {
      long at = 1 + List.of("trained", "kept", "published").indexOf(place);
      assertThrows(StreamingQueryException.class, () -> run("ended", 1, again, (where, batch) -> {
        if (where.equals(place) && batch == at) {
          throw new IllegalStateException("ended at " + where);
        }
      }));
    }
    LearnState ended = run("ended", 1, again, (place, batch) -> { });
    assertArrayEquals(learned(undisturbed).toByteArray(), learned(ended).toByteArray());
    assertEquals(whole.last, again.last);

    LearnState other = run("other", 4, new Kept(), (place, batch) -> { });
    assertArrayEquals(learned(undisturbed).toByteArray(), learned(other).toByteArray());
  }

  @Test
  void missingStateStopsInsteadOfBeginningAnew() throws Exception {
    Kept out = new Kept();
    assertThrows(StreamingQueryException.class, () -> run("lost", 1, out, (where, batch) -> {
      if (where.equals("published") && batch == 2) {
        throw new IllegalStateException("ended");
      }
    }));
    for (long batch = 0; batch <= 2; batch++) {
      Files.delete(dir.resolve("lost").resolve("state").resolve(Long.toString(batch)));
    }
    StreamingQueryException e =
        assertThrows(StreamingQueryException.class, () -> run("lost", 1, out, (where, batch) -> { }));
    assertTrue(e.getMessage().contains("the state after batch 1 is missing"), e.getMessage());
  }

  @Test
  void mllibMovesCentresByTheRuleOfThePaper() {
    List<double[]> windows = new ArrayList<>();
    for (long s = 8 * 3600; s < 8 * 3600 + 3600; s++) {
      if (Features.isBusy(Made.usual("a", s))) {
        windows.add(Features.of(Made.usual("a", s)));
      }
    }
    StreamingClusters mllib = new StreamingClusters(JavaSparkContext.fromSparkContext(spark.sparkContext()));
    Clusters one = mllib.move(Clusters.first(windows), windows);
    Clusters two = new PlainClusters().move(Clusters.first(windows), windows);
    for (int round = 0; round < 3; round++) {
      for (int c = 0; c < Clusters.COUNT; c++) {
        assertArrayEquals(two.centres.get(c), one.centres.get(c), 1e-9, "centre " + c + ", round " + round);
      }
      one = mllib.move(one, windows);
      two = new PlainClusters().move(two, windows);
    }
  }
}
