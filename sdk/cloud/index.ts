/** Cloud and self-hosted mode: calls are at a backend (`patter control`), and this program answers. */
import type { CreateBackend } from '../backend';
import type { CloudConfig } from '../options/constructor';
import { CloudBackend } from './cloud-backend';

export const createCloudBackend: CreateBackend<CloudConfig> = (config) => new CloudBackend(config);
