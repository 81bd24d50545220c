package flumen.flink;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** A record of {@code flumen.video}; {@code header} is null when the record has none. */
record Packet(String camera, int partition, long offset, long timestampMs, byte[] header, byte[] value) {

  static final WireType<Packet> TYPE = new WireType<>(Packet.class, new Serializer());

  static final class Serializer extends WireSerializer<Packet> {
    private static final long serialVersionUID = 1;

    Serializer() {
      super(Packet.class);
    }

    @Override
    public void serialize(Packet packet, DataOutputView out) throws IOException {
      out.writeUTF(packet.camera);
      out.writeInt(packet.partition);
      out.writeLong(packet.offset);
      out.writeLong(packet.timestampMs);
      writeBytes(packet.header, out);
      writeBytes(packet.value, out);
    }

    @Override
    public Packet deserialize(DataInputView in) throws IOException {
      return new Packet(in.readUTF(), in.readInt(), in.readLong(), in.readLong(), readBytes(in), readBytes(in));
    }
  }
}
