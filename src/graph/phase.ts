/** Part of a training step: the loss and what leads to it, its gradients, and the new values of variables. */
export type Phase = 'forward' | 'backward' | 'update';

/** Phases that nodes are marked with as they are added: by the autodiff, and around an optimiser's update. */
export type LaterPhase = Exclude<Phase, 'forward'>;
