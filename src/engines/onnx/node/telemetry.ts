/**
 * Keeps ONNX Runtime from sending telemetry, and from writing an identifier of the machine into the home
 * folder: releases from 1.29 on do both unless it is turned off before the first session
 * (microsoft/onnxruntime, pull request 27379). It reads the process's environment, which only the main thread
 * can change; a value set by the user is kept.
 */
export function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}
