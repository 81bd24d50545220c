package flumen.flink;

import java.util.Properties;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Entry point: builds the graph and hands it to Flink. */
public final class Job {
  /** Bound of a rescale; fixed, because it is part of every savepoint. */
  private static final int MAX_PARALLELISM = 128;

  private Job() {}

  /** Arguments: {@link Settings#USAGE}. */
  public static void main(String[] args) throws Exception {
    Settings settings = Settings.parse(args);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings.consumer(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      Topics.check(consumer);
    } catch (TimeoutException e) {
      // Where the job is submitted Kafka need not be in reach; where it runs, it will be told.
      System.err.println("no answer from " + settings.brokers() + "; the job is submitted all the same");
    }
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    build(env, settings);
    env.execute(settings.group());
  }

  static void build(StreamExecutionEnvironment env, Settings settings) {
    env.getConfig().enableObjectReuse();
    env.getConfig().setAutoWatermarkInterval(0);
    env.setBufferTimeout(0);
    env.setMaxParallelism(MAX_PARALLELISM);
    if (settings.parallelism() > 0) {
      env.setParallelism(settings.parallelism());
    }
    // State is exact with either guarantee; the guarantee is about what readers of the results see.
    env.enableCheckpointing(settings.checkpointMs(), CheckpointingMode.EXACTLY_ONCE);
    env.getCheckpointConfig().setMinPauseBetweenCheckpoints(settings.checkpointMs() / 2);
    env.getCheckpointConfig().setCheckpointTimeout(120_000);
    env.getCheckpointConfig().setTolerableCheckpointFailureNumber(10);

    KeyedStream<Packet, String> packets = env
        .fromSource(video(settings), WatermarkStrategy.noWatermarks(), "video", Packet.TYPE)
        .uid("video")
        .keyBy(Packet::camera);
    DataStream<Card> cards = env
        .fromSource(table(settings, Topics.CAMERAS, "-cameras"), WatermarkStrategy.noWatermarks(), "cameras", Card.TYPE)
        .uid("cameras")
        .setParallelism(1);
    DataStream<Card> models = env
        .fromSource(table(settings, Topics.MODELS, "-models"), WatermarkStrategy.noWatermarks(), "models", Card.TYPE)
        .uid("models")
        .setParallelism(1);
    packets.connect(cards.union(models).broadcast())
        .transform("analysis", Result.TYPE, new Analysis(Engine.bridge(), Cards.kafka(settings.consumer())))
        .uid("analysis")
        .sinkTo(results(settings))
        .name("results")
        .uid("results");
  }

  @SuppressWarnings("deprecation") // the connector still wants Kafka's old enum
  private static KafkaSource<Packet> video(Settings settings) {
    return KafkaSource.<Packet>builder()
        .setTopics(Topics.VIDEO)
        .setGroupId(settings.group())
        .setClientIdPrefix(settings.group() + "-video")
        .setStartingOffsets(OffsetsInitializer.committedOffsets(
            org.apache.kafka.clients.consumer.OffsetResetStrategy.EARLIEST))
        .setDeserializer(new Records.PacketReader())
        .setProperties(settings.consumer())
        .build();
  }

  /** Reads from the beginning: what the operator knows already it leaves out. */
  private static KafkaSource<Card> table(Settings settings, String topic, String name) {
    Properties consumer = settings.consumer();
    // The group's offsets are those of the video.
    consumer.setProperty("commit.offsets.on.checkpoint", "false");
    return KafkaSource.<Card>builder()
        .setTopics(topic)
        .setClientIdPrefix(settings.group() + name)
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setDeserializer(new Records.CardReader())
        .setProperties(consumer)
        .build();
  }

  private static KafkaSink<Result> results(Settings settings) {
    return KafkaSink.<Result>builder()
        .setBootstrapServers(settings.brokers())
        .setKafkaProducerConfig(settings.producer())
        .setRecordSerializer(new Records.ResultWriter())
        .setDeliveryGuarantee(settings.delivery())
        .setTransactionalIdPrefix(settings.group())
        .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
        .build();
  }
}
