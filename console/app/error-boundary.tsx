import { Component, type ReactNode } from 'react';
import { Problem } from '../ui/problem.tsx';

/** Shows what went wrong in a part of the page instead of nothing at all. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="page">
        <Problem error={this.state.error} onRetry={() => window.location.reload()} />
      </div>
    );
  }
}
