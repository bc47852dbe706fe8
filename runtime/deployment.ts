/** Worker Deployment Versioning, as far as the product needs it: one deployment for a task queue, a version for each build of the workflows. */
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { systemClock } from '../contracts/clock';
import type { Config } from './config';

const REQUEST_DEADLINE_MS = 10_000;
/** gRPC status codes. */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const FAILED_PRECONDITION = 9;
const UNIMPLEMENTED = 12;

const Status = temporal.api.enums.v1.WorkerDeploymentVersionStatus;

export interface DeploymentVersion {
  buildId: string;
  /**
   * `new`: never was current. `draining`: was, and may still have workflows. `drained`: they are over (as Temporal saw it some minutes ago).
   */
  status: 'new' | 'current' | 'draining' | 'drained';
}

export interface DeploymentState {
  /** Undefined: new workflows go to workers without a version. */
  currentBuildId: string | undefined;
  versions: DeploymentVersion[];
}

/** The name of the deployment: that of its task queue. A dot would end the name in a version's canonical spelling. */
export function deploymentName(config: Pick<Config, 'PATTER_TASK_QUEUE'>): string {
  return config.PATTER_TASK_QUEUE.replaceAll('.', '_');
}

export class WorkerDeployment {
  constructor(
    private readonly connection: Connection,
    private readonly namespace: string,
    readonly name: string,
  ) {}

  /** Undefined where Temporal does not have this, or does not let us. No worker yet: no version. */
  async state(): Promise<DeploymentState | undefined> {
    try {
      const { workerDeploymentInfo: info } = await this.within(() =>
        this.connection.workflowService.describeWorkerDeployment({ namespace: this.namespace, deploymentName: this.name }),
      );
      return {
        currentBuildId: info?.routingConfig?.currentDeploymentVersion?.buildId || undefined,
        versions: (info?.versionSummaries ?? []).flatMap((version) => {
          const buildId = version.deploymentVersion?.buildId;
          return buildId ? [{ buildId, status: statusOf(version.status) }] : [];
        }),
      };
    } catch (error) {
      if (hasCode(error, NOT_FOUND)) return { currentBuildId: undefined, versions: [] };
      if (hasCode(error, UNIMPLEMENTED, PERMISSION_DENIED, INVALID_ARGUMENT)) return undefined;
      throw error;
    }
  }

  /**
   * From now on new workflows, and those that upgrade by themselves, go to this build; undefined: to workers without a version.
   * @returns false while Temporal has not seen a worker of it
   */
  async makeCurrent(buildId: string | undefined): Promise<boolean> {
    try {
      await this.within(() =>
        this.connection.workflowService.setWorkerDeploymentCurrentVersion({
          namespace: this.namespace,
          deploymentName: this.name,
          buildId: buildId ?? '',
          // A queue that only the old build polled is no reason to stay with it.
          ignoreMissingTaskQueues: true,
          identity: `patter@${process.pid}`,
        }),
      );
      return true;
    } catch (error) {
      if (hasCode(error, NOT_FOUND, FAILED_PRECONDITION)) return false;
      throw error;
    }
  }

  /** Workflow ids of running workflows that are bound to a build. */
  async pinnedTo(buildId: string, limit: number): Promise<string[]> {
    const query = `TemporalWorkerDeploymentVersion = '${this.name}:${buildId}' AND ExecutionStatus = 'Running' AND TemporalWorkflowVersioningBehavior = 'Pinned'`;
    const { executions } = await this.within(() =>
      this.connection.workflowService.listWorkflowExecutions({ namespace: this.namespace, query, pageSize: limit }),
    );
    return (executions ?? []).flatMap((one) => one.execution?.workflowId ?? []);
  }

  /** Binds a running workflow to another build; one that is over by now is none. What it had asked for goes along. */
  async move(workflowId: string, buildId: string): Promise<void> {
    try {
      await this.within(() =>
        this.connection.workflowService.updateWorkflowExecutionOptions({
          namespace: this.namespace,
          workflowExecution: { workflowId },
          workflowExecutionOptions: {
            versioningOverride: {
              pinned: {
                behavior: temporal.api.workflow.v1.VersioningOverride.PinnedOverrideBehavior.PINNED_OVERRIDE_BEHAVIOR_PINNED,
                version: { deploymentName: this.name, buildId },
              },
            },
          },
          updateMask: { paths: ['versioning_override'] },
        }),
      );
    } catch (error) {
      if (!hasCode(error, NOT_FOUND)) throw error;
    }
  }

  private within<T>(ask: () => Promise<T>): Promise<T> {
    return this.connection.withDeadline(systemClock.now() + REQUEST_DEADLINE_MS, ask);
  }
}

function statusOf(status: temporal.api.enums.v1.WorkerDeploymentVersionStatus | null | undefined): DeploymentVersion['status'] {
  switch (status) {
    case Status.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT:
      return 'current';
    case Status.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED:
      return 'drained';
    case Status.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING:
    case Status.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING:
      return 'draining';
    default:
      return 'new';
  }
}

function hasCode(error: unknown, ...codes: number[]): boolean {
  return isGrpcServiceError(error) && codes.includes(error.code);
}
