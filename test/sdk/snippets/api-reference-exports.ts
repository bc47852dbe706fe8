import {
  Agent,
  CallControl,
  type CallEvent,
  type CallMetrics,
  type CostBreakdown,
  Guardrail,
  type LatencyBreakdown,
  Patter,
  PatterConnectionError,
  PatterError,
  STTConfig,
  TTSConfig,
  type TurnMetrics,
} from "getpatter";

const classes = [Patter, Agent, CallControl, Guardrail, STTConfig, TTSConfig, PatterError, PatterConnectionError];
const types: [CallEvent?, CallMetrics?, CostBreakdown?, LatencyBreakdown?, TurnMetrics?] = [];
