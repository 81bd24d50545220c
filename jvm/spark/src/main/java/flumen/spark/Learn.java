package flumen.spark;

import flumen.v1.Flumen.Feedback;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.concurrent.TimeoutException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;

/** The job: windows from Kafka, one micro-batch after the other, cards and insights to Kafka. */
public final class Learn {
  private Learn() {}

  /** Runs until it is ended, or until what is there has been read. */
  public static void main(String[] args) throws Exception {
    Settings settings;
    try {
      settings = Settings.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    SparkSession spark = SparkSession.builder()
        .appName("flumen-learn-" + settings.name())
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate();
    try (Publisher publisher = new Publisher(settings); Feedbacks feedbacks = new Feedbacks(settings)) {
      start(source(spark, settings).load(), settings, publisher, (place, batch) -> { }, feedbacks::read)
          .awaitTermination();
    } catch (StreamingQueryException e) {
      System.err.println("learning stopped: " + reason(e));
      System.exit(1);
    } finally {
      spark.stop();
    }
  }

  /** Starts the query on rows of partition, offset and value. */
  static StreamingQuery start(Dataset<Row> records, Settings settings, Publisher publisher, Batches.Halt halt,
      Supplier<List<Feedback>> verdicts)
      throws IOException, TimeoutException {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(records.sparkSession().sparkContext());
    Configuration hadoop = spark.hadoopConfiguration();
    Path dir = new Path(settings.dir());
    Path checkpoint = new Path(dir, "checkpoint");
    StateStore store = new StateStore(new Path(dir, "state"), hadoop);
    SparkModels models = new SparkModels(spark.sc(), dir);
    Batches batches = new Batches(store, publisher, models::keep, new MllibTraining(spark), settings,
        () -> Checkpoints.id(checkpoint, hadoop), halt, verdicts);
    VoidFunction2<Dataset<Row>, Long> each = (rows, batch) -> batches.run(batch, taken(rows));
    return records
        .select("partition", "offset", "value")
        .writeStream()
        .queryName(settings.name())
        .option("checkpointLocation", checkpoint.toString())
        .trigger(settings.triggerMs() == 0 ? Trigger.AvailableNow() : Trigger.ProcessingTime(settings.triggerMs()))
        .foreachBatch(each)
        .start();
  }

  private static DataStreamReader source(SparkSession spark, Settings settings) {
    DataStreamReader source = spark.readStream()
        .format("kafka")
        .option("kafka.bootstrap.servers", settings.brokers())
        .option("subscribe", "flumen.windows")
        .option("startingOffsets", "earliest")
        // What retention took is gone; the gap shows in the minutes that were seen.
        .option("failOnDataLoss", "false")
        .option("maxOffsetsPerTrigger", settings.maxRecords());
    for (String name : settings.client().stringPropertyNames()) {
      source.option("kafka." + name, settings.client().getProperty(name));
    }
    return source;
  }

  private static List<Batches.Taken> taken(Dataset<Row> rows) {
    List<Batches.Taken> taken = new ArrayList<>();
    for (Row row : rows.collectAsList()) {
      taken.add(new Batches.Taken(row.getInt(0), row.getLong(1), row.isNullAt(2) ? new byte[0] : row.getAs(2)));
    }
    return taken;
  }

  /** The first words of what is at the bottom of it. */
  private static String reason(Throwable e) {
    Throwable at = e;
    while (at.getCause() != null && at.getCause() != at) {
      at = at.getCause();
    }
    return String.valueOf(at.getMessage()).lines().findFirst().orElse(at.getClass().getName());
  }
}
