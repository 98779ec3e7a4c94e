/**
 * Keeps ONNX Runtime from sending figures of its use to its maker, and from writing an identifier of the
 * machine into the home folder: releases from 1.29 on do both unless told otherwise before the first session
 * (microsoft/onnxruntime, pull request 27379). It reads the process's environment, which only the main thread
 * can change; a value that the user has set stays.
 */
export function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}
