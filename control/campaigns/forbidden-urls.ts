import { isIP } from 'node:net';
import type { CampaignSpec } from '../../contracts/campaign';
import { isPublicAddress } from '../../runtime/address-rules';
import { type CarrierUrls, type Config, isLoopbackUrl } from '../../runtime/config';
import { mayReachPrivate } from '../../runtime/guarded-fetch';

/**
 * The file's URLs that will surely be refused when they are asked, as one sentence each: what their host says by itself. Names are judged when they
 * are resolved, at each connection.
 */
export function forbiddenUrls(spec: CampaignSpec, config: Pick<Config, 'PATTER_ALLOW_PRIVATE_WEBHOOKS'> & CarrierUrls): string[] {
  if (mayReachPrivate(config)) return [];
  const { engine } = spec.agent;
  const named = [
    ...(engine.type === 'pipeline' && engine.onMessage ? [{ what: 'The onMessage of the agent', url: engine.onMessage.url }] : []),
    ...spec.agent.tools.flatMap(({ name, webhookUrl: url }) => (url === undefined ? [] : [{ what: `The tool ${name}`, url }])),
    ...spec.agent.mcp.map(({ name, url }) => ({ what: `The MCP server ${name}`, url })),
    ...spec.postCall.webhooks.map((webhook, index) => ({ what: `Webhook ${index + 1}`, url: webhook.url })),
  ];
  return named
    .filter(({ url }) => isPrivate(url))
    .map(({ what, url }) => `${what} is at ${new URL(url).host}, where nothing is sent unless PATTER_ALLOW_PRIVATE_WEBHOOKS=true.`);
}

function isPrivate(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return !isPublicAddress(host);
  return isLoopbackUrl(url) || /(^|\.)localhost\.?$/.test(host);
}
