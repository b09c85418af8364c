import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { SessionsPage } from '../sessions/sessions-page.tsx';
import { Loading } from '../ui/loading.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { NotFound } from './not-found.tsx';
import { queryClient } from './query-client.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { useConsoleSession } from './use-console-session.ts';

// Each place is loaded when it is first gone to.
const AgentPage = lazy(async () => ({ default: (await import('../agents/agent-page.tsx')).AgentPage }));
const AgentsPage = lazy(async () => ({ default: (await import('../agents/agents-page.tsx')).AgentsPage }));
const EnvironmentPage = lazy(async () => ({
  default: (await import('../environments/environment-page.tsx')).EnvironmentPage,
}));
const EnvironmentsPage = lazy(async () => ({
  default: (await import('../environments/environments-page.tsx')).EnvironmentsPage,
}));
const FilesPage = lazy(async () => ({ default: (await import('../files/files-page.tsx')).FilesPage }));
const ModelsPage = lazy(async () => ({ default: (await import('../models/models-page.tsx')).ModelsPage }));
const SessionPage = lazy(async () => ({
  default: (await import('../session/session-page.tsx')).SessionPage,
}));
const SignInsPage = lazy(async () => ({
  default: (await import('../sign-ins/sign-ins-page.tsx')).SignInsPage,
}));
const SkillPage = lazy(async () => ({ default: (await import('../skills/skill-page.tsx')).SkillPage }));
const SkillsPage = lazy(async () => ({ default: (await import('../skills/skills-page.tsx')).SkillsPage }));

/** The whole console. */
export function App() {
  return (
    // The content policy allows no style elements; what they would say is in the style sheet.
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <ErrorBoundary>
          <Suspense fallback={<Loading />}>
            <Pages />
          </Suspense>
        </ErrorBoundary>
      </QueryClientProvider>
    </CSPProvider>
  );
}

function Pages() {
  if (useConsoleSession().workspace === null) return <SignIn />;
  return (
    <BrowserRouter>
      <Routes>
        <Route element={<Shell />}>
          <Route index element={<Navigate to="/sessions" replace />} />
          <Route path="sessions" element={<SessionsPage />} />
          <Route path="sessions/:id" element={<SessionPage />} />
          <Route path="agents" element={<AgentsPage />} />
          <Route path="agents/:id" element={<AgentPage />} />
          <Route path="environments" element={<EnvironmentsPage />} />
          <Route path="environments/:id" element={<EnvironmentPage />} />
          <Route path="skills" element={<SkillsPage />} />
          <Route path="skills/:id" element={<SkillPage />} />
          <Route path="files" element={<FilesPage />} />
          <Route path="models" element={<ModelsPage />} />
          <Route path="sign-ins" element={<SignInsPage />} />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </BrowserRouter>
  );
}
