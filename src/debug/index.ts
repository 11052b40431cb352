// debug: plans for live sessions, and the debug adapter for post-mortem ones.
export {};
