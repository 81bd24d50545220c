package flumen.flink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.api.Test;

class RecordsTest {
  private static <T> T again(WireType<T> type, T value) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(16);
    type.createSerializer(null).serialize(value, out);
    return type.createSerializer(null).deserialize(new DataInputDeserializer(out.getCopyOfBuffer()));
  }

  @Test
  void recordsCrossTheNetworkUnchanged() throws IOException {
    Packet packet = again(Packet.TYPE, new Packet("gate", 3, 1L << 40, 7, null, new byte[] {1, 2}));
    assertEquals("gate", packet.camera());
    assertEquals(3, packet.partition());
    assertEquals(1L << 40, packet.offset());
    assertEquals(7, packet.timestampMs());
    assertNull(packet.header());
    assertArrayEquals(new byte[] {1, 2}, packet.value());
    Packet large = again(Packet.TYPE, new Packet("gate", 3, 4, 7, new byte[0], new byte[16 << 20]));
    assertEquals(0, large.header().length);
    assertEquals(16 << 20, large.value().length);
    Card card = again(Card.TYPE, new Card("gate", 5, null));
    assertNull(card.value());
    Result result = again(Result.TYPE, new Result("flumen.gaps", new byte[] {9}, 11, new byte[] {3}));
    assertEquals("flumen.gaps", result.topic());
    assertArrayEquals(new byte[] {9}, result.key());
  }

  @Test
  void aRecordWithoutKeyHeaderOrValueIsStillAPacket() {
    Packet packet = Records.packet(new ConsumerRecord<>(Topics.VIDEO, 2, 5, null, null));
    assertEquals("", packet.camera());
    assertNull(packet.header());
    assertEquals(0, packet.value().length);
  }

  @Test
  void partitionIsThatOfKafkaForTheCameraAlone() {
    for (String camera : new String[] {"gate", "a", "cam-7", "a-little-bit-longer-string"}) {
      byte[] key = Counting.bytes(camera);
      for (int n : new int[] {1, 6, 12}) {
        int kafkas = BuiltInPartitioner.partitionForKey(key, n);
        assertEquals(kafkas, Records.partition(key, n));
        assertEquals(kafkas, Records.partition(Counting.bytes(camera + "/17/offline"), n));
      }
    }
  }

  @Test
  void argumentsAreReadAndWrongOnesNamed() {
    Settings s = Settings.parse(new String[] {"--brokers", "h:1", "--delivery", "exactly-once", "--parallelism", "3"});
    assertEquals(DeliveryGuarantee.EXACTLY_ONCE, s.delivery());
    assertEquals(1000, s.checkpointMs());
    assertEquals(3, s.parallelism());
    assertEquals("flumen-analysis", s.group());
    String[][] wrong = {
      {}, {"--brokers"}, {"--brokers", "h:1", "--delivery", "twice"}, {"--brokers", "h:1", "--parallelism", "0"}, {"--x", "1"}
    };
    for (String[] args : wrong) {
      assertTrue(assertThrows(IllegalArgumentException.class, () -> Settings.parse(args)).getMessage().contains("--delivery"));
    }
  }

  @Test
  void openTransactionsAreLookedForInResultTopicsOnly() {
    assertTrue(Topics.RESULTS.matcher("flumen.frames").matches());
    assertTrue(Topics.RESULTS.matcher("flumen.later").matches());
    assertFalse(Topics.RESULTS.matcher("flumen.video").matches());
    assertFalse(Topics.RESULTS.matcher("other").matches());
  }
}
