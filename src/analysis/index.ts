// analysis: questions about a checkpoint with typed tables as answers.
export {};
