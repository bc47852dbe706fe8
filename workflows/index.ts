/** The workflow types, by the names under which they are registered, and what becomes of a running one when the code changes. */
import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { call } from './call/call';
import { callbacks } from './callbacks/callbacks';
import { campaign } from './campaign/campaign';
import { sweepLines } from './lines/sweep-lines';
import { recordOptOut } from './opt-out/opt-out';
import { postCall } from './post-call/post-call';
import { reconcilePrices, recordPrice } from './prices/prices';
import { recording } from './recording/recording';
import { retention } from './retention/retention';
import { scheduled } from './schedules/scheduled';

// Minutes long, with a person on the line: ends on the code with which it began.
setWorkflowOptions(() => whenVersioned('PINNED'), call);
setWorkflowOptions(() => whenVersioned('PINNED'), postCall);
// Weeks long: follows every deploy, so its code changes under `patched`.
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), campaign);
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), retention);
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), sweepLines);
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), reconcilePrices);
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), recordPrice);
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), recordOptOut);
// Days long, where a storage or the developer's process is down.
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), callbacks);
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), recording);
setWorkflowOptions(() => whenVersioned('AUTO_UPGRADE'), scheduled);

export { call, callbacks, campaign, postCall, reconcilePrices, recording, recordOptOut, recordPrice, retention, scheduled, sweepLines };

/** A worker without a deployment must not say how its workflows are versioned: Temporal refuses all that it completes. */
function whenVersioned(versioningBehavior: 'PINNED' | 'AUTO_UPGRADE'): { versioningBehavior?: 'PINNED' | 'AUTO_UPGRADE' } {
  return workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior } : {};
}
