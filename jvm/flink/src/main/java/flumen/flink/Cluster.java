package flumen.flink;

import java.util.Arrays;
import java.util.List;
import org.apache.flink.client.deployment.application.ApplicationClusterEntryPoint;
import org.apache.flink.client.program.PackagedProgram;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.runtime.entrypoint.ClusterEntrypoint;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.resourcemanager.StandaloneResourceManagerFactory;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.runtime.util.JvmShutdownSafeguard;
import org.apache.flink.runtime.util.SignalHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A JobManager with this one job in it (application mode), for a Flink made of modules, which has no entry point of
 * its own for that: {@code flumen.flink.Cluster --configDir DIR [--from SAVEPOINT] -- JOB-ARGUMENTS}.
 *
 * <p>The job's jar lies in lib/ beside the bridge.
 */
public final class Cluster extends ApplicationClusterEntryPoint {
  private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);

  private Cluster(Configuration configuration, PackagedProgram program) {
    super(configuration, program, StandaloneResourceManagerFactory.getInstance());
  }

  /** Does not return. */
  public static void main(String[] args) throws Exception {
    int split = Arrays.asList(args).indexOf("--");
    if (split < 2 || !args[0].equals("--configDir") || (split != 2 && !(split == 4 && args[2].equals("--from")))) {
      System.err.println("flumen.flink.Cluster --configDir DIR [--from SAVEPOINT] -- JOB-ARGUMENTS");
      System.exit(2);
    }
    String[] jobArgs = Arrays.copyOfRange(args, split + 1, args.length);
    Settings.parse(jobArgs); // says at once what is wrong
    EnvironmentInformation.logEnvironmentInfo(LOG, Cluster.class.getSimpleName(), args);
    SignalHandler.register(LOG);
    JvmShutdownSafeguard.installAsShutdownHook(LOG);

    Configuration configuration = GlobalConfiguration.loadConfiguration(args[1]);
    if (split == 4) {
      SavepointRestoreSettings.toConfiguration(SavepointRestoreSettings.forPath(args[3], false), configuration);
    }
    PackagedProgram program = PackagedProgram.newBuilder()
        .setUserClassPaths(List.of())
        .setEntryPointClassName(Job.class.getName())
        .setArguments(jobArgs)
        .setConfiguration(configuration)
        .build();
    configureExecution(configuration, program);
    ClusterEntrypoint.runClusterEntrypoint(new Cluster(configuration, program));
  }
}
