import { createCarriers } from '../carriers';
import type { ActivityContext } from './context';

/** Adds the carriers of the configuration to what the process has opened. */
export function createActivityContext(opened: Omit<ActivityContext, 'carriers'>): ActivityContext {
  return { ...opened, carriers: createCarriers(opened.config) };
}
