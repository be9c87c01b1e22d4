# SPDX-License-Identifier: GPL-2.0
# Sourced by what starts virtual machines: kernel arguments that save an emulator work.
# shellcheck shell=bash disable=SC2034
#
# norandmaps           what it has translated it finds by its address; programs that lie
#                      elsewhere each time are translated each time
# clearcpuid=rep_good  a page is cleared and copied by unrolled loops: it goes through the
#                      steps of a "rep stosq" one by one, with a look for interrupts
# no_timer_check       a slow host is not a broken timer
# tsc=reliable         nor a broken TSC: if the kernel marks it unstable, it patches jump labels on
#                      all processors, which the emulator does not always survive, and then reads
#                      the HPET, which is slow
fewer_instructions='norandmaps clearcpuid=rep_good no_timer_check tsc=reliable'
