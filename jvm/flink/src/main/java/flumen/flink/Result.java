package flumen.flink;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** A record for the topic that the analyzer names. */
record Result(String topic, byte[] key, long timestampMs, byte[] value) {

  static final WireType<Result> TYPE = new WireType<>(Result.class, new Serializer());

  static final class Serializer extends WireSerializer<Result> {
    private static final long serialVersionUID = 1;

    Serializer() {
      super(Result.class);
    }

    @Override
    public void serialize(Result result, DataOutputView out) throws IOException {
      out.writeUTF(result.topic);
      writeBytes(result.key, out);
      out.writeLong(result.timestampMs);
      writeBytes(result.value, out);
    }

    @Override
    public Result deserialize(DataInputView in) throws IOException {
      return new Result(in.readUTF(), readBytes(in), in.readLong(), readBytes(in));
    }
  }
}
