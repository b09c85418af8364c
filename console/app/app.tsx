import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { AgentPage } from '../agents/agent-page.tsx';
import { AgentsPage } from '../agents/agents-page.tsx';
import { EnvironmentPage } from '../environments/environment-page.tsx';
import { EnvironmentsPage } from '../environments/environments-page.tsx';
import { FilesPage } from '../files/files-page.tsx';
import { ModelsPage } from '../models/models-page.tsx';
import { SessionPage } from '../session/session-page.tsx';
import { SessionsPage } from '../sessions/sessions-page.tsx';
import { SkillPage } from '../skills/skill-page.tsx';
import { SkillsPage } from '../skills/skills-page.tsx';
import { Loading } from '../ui/loading.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { NotFound } from './not-found.tsx';
import { queryClient } from './query-client.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { useConsoleSession } from './use-console-session.ts';

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
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </BrowserRouter>
  );
}
