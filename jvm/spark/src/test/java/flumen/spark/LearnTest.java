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
import java.util.Random;
import java.util.Map;
import java.util.stream.DoubleStream;
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
    Learn.start(files(filesEach), settings(name), out, halt, List::of).awaitTermination();
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
    MllibTraining mllib = new MllibTraining(JavaSparkContext.fromSparkContext(spark.sparkContext()));
    Clusters one = mllib.move(Clusters.first(windows), windows);
    Clusters two = new PlainTraining().move(Clusters.first(windows), windows);
    for (int round = 0; round < 3; round++) {
      for (int c = 0; c < Clusters.COUNT; c++) {
        assertArrayEquals(two.centres.get(c), one.centres.get(c), 1e-9, "centre " + c + ", round " + round);
      }
      one = mllib.move(one, windows);
      two = new PlainTraining().move(two, windows);
    }
  }

  @Test
  void mllibFitsAMixtureAlsoWhereAFeatureNeverChanges() {
    Random random = new Random(7);
    Mixtures mixtures = new Mixtures();
    for (long minute = 0; minute < 7 * 1440; minute += 8) {
      double[] z = new double[Features.COUNT];
      for (int i = 1; i < z.length; i++) {
        z[i] = (minute % 1440 < 720 ? -2 : 2) + random.nextDouble() - 0.5;
      }
      mixtures.sample(minute, List.of(z));
    }
    List<double[]> centres = new ArrayList<>();
    for (double at : new double[] {-1, 1, 0.5, 0}) {
      centres.add(DoubleStream.generate(() -> at).limit(Features.COUNT).toArray());
    }
    MllibTraining mllib = new MllibTraining(JavaSparkContext.fromSparkContext(spark.sparkContext()));
    assertTrue(mixtures.fit(new Clusters(centres, new double[] {4, 3, 2, 1}), mllib));
    assertTrue(mixtures.fit(null, mllib), "it goes on from the last fit");
    double[] cloud = DoubleStream.concat(DoubleStream.of(0), DoubleStream.generate(() -> 2)).limit(Features.COUNT).toArray();
    double[] between = new double[Features.COUNT];
    assertTrue(mixtures.model.density(cloud) < 3, () -> "in a cloud " + mixtures.model.density(cloud));
    assertTrue(mixtures.model.density(between) > 20, () -> "between " + mixtures.model.density(between));
    assertArrayEquals(mixtures.model.factors.get(0), Mixtures.load(mixtures.save()).model.factors.get(0));
  }

  @Test
  void mllibFindsTheDirectionsInWhichRowsVary() {
    List<double[]> rows = new ArrayList<>();
    for (int i = -10; i <= 10; i++) {
      rows.add(new double[] {5 + 3 * i, 4 * i, Math.abs(i % 2), 7});
    }
    MllibTraining mllib = new MllibTraining(JavaSparkContext.fromSparkContext(spark.sparkContext()));
    List<double[]> found = mllib.components(rows, 4, 1e-9);
    assertEquals(2, found.size(), "two of the four do not vary apart from these");
    double sign = Math.signum(found.get(0)[0]);
    assertArrayEquals(new double[] {0.6, 0.8, 0, 0}, scaled(found.get(0), sign), 1e-9);
    assertTrue(Math.abs(found.get(1)[2]) > 0.99, "the second is the third column");
    assertEquals(List.of(), mllib.components(List.of(rows.get(0), rows.get(0)), 4, 1e-9));
  }

  private static double[] scaled(double[] v, double by) {
    return java.util.Arrays.stream(v).map(x -> x * by).toArray();
  }

  @Test
  void mllibsLeastSquaresAreThePlainOnes() {
    MllibTraining mllib = new MllibTraining(JavaSparkContext.fromSparkContext(spark.sparkContext()));
    List<double[]> rows = new ArrayList<>();
    List<Double> answers = new ArrayList<>();
    Ahead.first(rows, answers);
    Random random = new Random(3);
    for (int i = 0; i < 40; i++) {
      double[] row = {10 * random.nextDouble(), random.nextGaussian(), random.nextGaussian()};
      rows.add(row);
      answers.add(0.9 * row[0] + 0.3 * row[1] + random.nextGaussian());
    }
    double[] one = mllib.weights(rows, Lists.array(answers));
    double[] two = new PlainTraining().weights(rows, Lists.array(answers));
    for (int i = 0; i < one.length; i++) {
      assertEquals(two[i], one[i], 1e-9);
    }
  }

  @Test
  void mllibsPrefixSpanFindsThePlainSequences() {
    MllibTraining mllib = new MllibTraining(JavaSparkContext.fromSparkContext(spark.sparkContext()));
    List<List<Integer>> rows = new ArrayList<>();
    Random random = new Random(5);
    for (int i = 0; i < 60; i++) {
      List<Integer> row = new ArrayList<>();
      for (int k = 0; k < 3 + i % 4; k++) {
        row.add(random.nextInt(6));
      }
      rows.add(row);
    }
    List<List<Integer>> one = new ArrayList<>(mllib.sequences(rows, 0.1, 3));
    List<List<Integer>> two = new ArrayList<>(new PlainTraining().sequences(rows, 0.1, 3));
    one.sort(java.util.Comparator.comparing(List::toString));
    two.sort(java.util.Comparator.comparing(List::toString));
    assertTrue(two.size() > 20, "" + two.size());
    assertEquals(two, one);
  }
}
