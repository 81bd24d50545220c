package flumen.spark;

import com.google.protobuf.InvalidProtocolBufferException;
import flumen.spark.state.LearnState;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * One file a batch beside the checkpoint, on the same file system, so that offsets and models are
 * lost or kept together.
 *
 * <p>Durability: written under another name, synced, renamed. The last ten are kept.
 */
final class StateStore {
  private static final int KEPT = 10;

  private final FileSystem files;
  private final Path folder;

  StateStore(Path folder, Configuration hadoop) throws IOException {
    files = folder.getFileSystem(hadoop);
    this.folder = folder;
    files.mkdirs(folder);
  }

  /** The state after a batch, if that was written. */
  Optional<LearnState> read(long batch) throws IOException {
    Path path = path(batch);
    byte[] bytes;
    try (var in = files.open(path)) {
      bytes = in.readAllBytes();
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
    try {
      LearnState state = LearnState.parseFrom(bytes);
      if (state.getLayout() != Trainer.LAYOUT) {
        throw new IllegalStateException(path + " has layout " + state.getLayout() + ", this job reads "
            + Trainer.LAYOUT + ": run the version that wrote it, or begin anew with another --dir");
      }
      return Optional.of(state);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(path + " is damaged: take it from a backup, or begin anew with another --dir", e);
    }
  }

  void write(long batch, LearnState state) throws IOException {
    Path part = new Path(folder, "." + batch + ".part");
    try (FSDataOutputStream out = files.create(part, true)) {
      state.writeTo(out);
      out.hsync();
    }
    files.delete(path(batch), false);
    if (!files.rename(part, path(batch))) {
      throw new IOException(part + " could not be renamed to " + path(batch));
    }
    files.delete(path(batch - KEPT), false);
  }

  /** Number of the newest state; -1 when there is none. */
  long newest() throws IOException {
    long newest = -1;
    for (FileStatus file : files.listStatus(folder)) {
      String name = file.getPath().getName();
      if (name.chars().allMatch(Character::isDigit)) {
        newest = Math.max(newest, Long.parseLong(name));
      }
    }
    return newest;
  }

  private Path path(long batch) {
    return new Path(folder, Long.toString(batch));
  }
}
