/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of scrapers: see metrics-server.h. */
#include "verb/metrics-server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "shared/cleanup.h"
#include "shared/clock.h"
#include "verb/metrics-http.h"
#include "view/status.h"

#define LISTENERS_MAX 16
/* Connections without a complete request, or with one that waits for a place. */
#define WAITING_MAX 32
#define ANSWERS_MAX 16

#define SECOND UINT64_C(1000000)
/* How long a client may take to send its request. */
#define REQUEST_USEC (10 * SECOND)
/* An answer that takes longer loses its place, if another one waits for it. */
#define PLACE_USEC SECOND
/* The longest time of an answer. */
#define ANSWER_SEC 60
/* Without a connection the process ends after this, and systemd starts it again for the next one. */
#define IDLE_USEC (60 * SECOND)
/* The same, at the first moment without a connection, so that a new version is used after an upgrade. */
#define LIFE_USEC (3600 * SECOND)

struct connection {
	int fd;
	uint64_t since;
	bool complete; /* @request is set */
	struct http_request request;
	size_t length;
	char text[HTTP_HEAD_MAX];
};

struct answer {
	pid_t pid;
	uint64_t since;
};

struct server {
	int listeners; /* from SD_LISTEN_FDS_START on */
	server_answer_fn answer;
	void *userdata;
	uint64_t start, last; /* of the process, of the last connection */
	size_t n_waiting, n_answers;
	/* The oldest first. */
	struct connection *waiting[WAITING_MAX];
	struct answer answers[ANSWERS_MAX];
	sigset_t signals; /* while it polls */
};

/* --- connections ------------------------------------------------------------------- */

static void drop(struct server *server, size_t i)
{
	close(server->waiting[i]->fd);
	free(server->waiting[i]);
	server->n_waiting--;
	memmove(&server->waiting[i], &server->waiting[i + 1],
		(server->n_waiting - i) * sizeof(server->waiting[0]));
}

/* Returns the oldest connection without a complete request, or n_waiting. */
static size_t oldest_incomplete(const struct server *server)
{
	size_t i = 0;

	while (i < server->n_waiting && server->waiting[i]->complete)
		i++;
	return i;
}

/* Returns true if a new connection can be taken, in place of the oldest without a complete request if need be. */
static bool has_room(const struct server *server)
{
	return server->n_waiting < WAITING_MAX || oldest_incomplete(server) < server->n_waiting;
}

/* Reads what there is. Returns false if the connection has ended. */
static bool receive(struct connection *connection)
{
	for (;;) {
		ssize_t n = recv(connection->fd, connection->text + connection->length,
				 sizeof(connection->text) - connection->length, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		connection->length += (size_t)n;
		connection->complete =
			http_parse(connection->text, connection->length, &connection->request);
		if (connection->complete)
			return true;
	}
}

static void accept_one(struct server *server, int listener, uint64_t now)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct connection *connection;

	if (fd < 0)
		return;
	connection = calloc(1, sizeof(*connection));
	if (!connection) {
		close(fd);
		return;
	}
	connection->fd = fd;
	connection->since = server->last = now;
	if (server->n_waiting == WAITING_MAX)
		drop(server, oldest_incomplete(server));
	server->waiting[server->n_waiting++] = connection;
	if (!receive(connection))
		drop(server, server->n_waiting - 1);
}

/* --- answers ----------------------------------------------------------------------- */

static void reap(struct server *server)
{
	for (size_t i = 0; i < server->n_answers;) {
		if (waitpid(server->answers[i].pid, NULL, WNOHANG) == 0) {
			i++;
			continue;
		}
		server->n_answers--;
		memmove(&server->answers[i], &server->answers[i + 1],
			(server->n_answers - i) * sizeof(server->answers[0]));
	}
}

_Noreturn static void answer_in_child(const struct server *server,
				      const struct connection *connection)
{
	(void)sigprocmask(SIG_SETMASK, &server->signals, NULL);
	(void)alarm(ANSWER_SEC);
	if (dup2(connection->fd, STDIN_FILENO) < 0 || dup2(connection->fd, STDOUT_FILENO) < 0)
		_exit(STATUS_FAILED);
	/* Otherwise a connection that the parent closes would stay open. */
	for (size_t i = 0; i < server->n_waiting; i++)
		close(server->waiting[i]->fd);
	for (int i = 0; i < server->listeners; i++)
		close(SD_LISTEN_FDS_START + i);
	_exit(server->answer(&connection->request, server->userdata));
}

/* Begins answers. One that is slow ends if its place is needed. */
static void begin_answers(struct server *server, uint64_t now)
{
	for (size_t i = 0; i < server->n_waiting;) {
		pid_t pid;

		if (!server->waiting[i]->complete) {
			i++;
			continue;
		}
		if (server->n_answers == ANSWERS_MAX) {
			if (server->answers[0].since + PLACE_USEC <= now)
				(void)kill(server->answers[0].pid, SIGKILL);
			return;
		}
		pid = fork();
		if (pid == 0)
			answer_in_child(server, server->waiting[i]);
		if (pid > 0)
			server->answers[server->n_answers++] =
				(struct answer){ .pid = pid, .since = now };
		drop(server, i);
	}
}

/* --- the loop ---------------------------------------------------------------------- */

static void expire(struct server *server, uint64_t now)
{
	for (size_t i = 0; i < server->n_waiting; i++) {
		struct connection *connection = server->waiting[i];

		if (connection->complete || connection->since + REQUEST_USEC > now)
			continue;
		connection->request = (struct http_request){ .status = 408 };
		connection->complete = true;
	}
}

/* When there is something to do without an event. */
static uint64_t next_time(const struct server *server)
{
	size_t i = oldest_incomplete(server);
	uint64_t next = UINT64_MAX;
	bool place_wanted = false;

	if (server->n_waiting == 0 && server->n_answers == 0)
		return server->last + IDLE_USEC < server->start + LIFE_USEC
			       ? server->last + IDLE_USEC
			       : server->start + LIFE_USEC;
	if (i < server->n_waiting)
		next = server->waiting[i]->since + REQUEST_USEC;
	/* Without a request that waits for it, a slow answer keeps its place. */
	for (i = 0; i < server->n_waiting; i++)
		place_wanted = place_wanted || server->waiting[i]->complete;
	if (place_wanted && server->answers[0].since + PLACE_USEC < next)
		next = server->answers[0].since + PLACE_USEC;
	return next;
}

static void wait_for_events(struct server *server, uint64_t now)
{
	struct pollfd fds[LISTENERS_MAX + WAITING_MAX];
	bool room = has_room(server);
	uint64_t next = next_time(server), usec = next > now ? next - now : 0;
	const struct timespec time = { .tv_sec = (time_t)(usec / SECOND),
				       .tv_nsec = (long)(usec % SECOND) * 1000 };
	size_t n = 0;

	for (int i = 0; i < server->listeners; i++)
		fds[n++] = (struct pollfd){ .fd = room ? SD_LISTEN_FDS_START + i : -1,
					    .events = POLLIN };
	for (size_t i = 0; i < server->n_waiting; i++)
		fds[n++] = (struct pollfd){
			.fd = server->waiting[i]->complete ? -1 : server->waiting[i]->fd,
			.events = POLLIN,
		};
	if (ppoll(fds, n, next == UINT64_MAX ? NULL : &time, &server->signals) <= 0)
		return;
	now = clock_usec(CLOCK_MONOTONIC);
	/* The last first, as drop() moves those after it. Requests are read before a place is taken. */
	for (size_t i = server->n_waiting; i-- > 0;) {
		if (fds[(size_t)server->listeners + i].revents && !receive(server->waiting[i]))
			drop(server, i);
	}
	for (int i = 0; i < server->listeners; i++) {
		if (fds[i].revents && has_room(server))
			accept_one(server, SD_LISTEN_FDS_START + i, now);
	}
}

static void on_child(int signal)
{
}

int server_run(server_answer_fn answer, void *userdata)
{
	const struct sigaction action = { .sa_handler = on_child };
	struct server server = {
		.listeners = sd_listen_fds(1),
		.answer = answer,
		.userdata = userdata,
		.start = clock_usec(CLOCK_MONOTONIC),
	};
	sigset_t child;

	if (server.listeners <= 0 || server.listeners > LISTENERS_MAX)
		return print_error(STATUS_USAGE,
				   "--serve needs 1 to %d sockets of systemd; enable them with: "
				   "systemctl enable --now rssd-metrics.socket",
				   LISTENERS_MAX);
	/* A child that ends wakes the poll. */
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, &server.signals);
	(void)sigdelset(&server.signals, SIGCHLD);
	(void)sigaction(SIGCHLD, &action, NULL);
	server.last = server.start;
	/* A connection may end before it is accepted. */
	for (int i = 0; i < server.listeners; i++)
		(void)fcntl(SD_LISTEN_FDS_START + i, F_SETFL, O_NONBLOCK);
	for (;;) {
		uint64_t now = clock_usec(CLOCK_MONOTONIC);

		reap(&server);
		expire(&server, now);
		begin_answers(&server, now);
		if (server.n_waiting == 0 && server.n_answers == 0 && next_time(&server) <= now)
			return STATUS_DONE;
		wait_for_events(&server, now);
	}
}
