// seal: opening sealed checkpoints (CRIUsec first), and where their keys come from.
export {};
