%% A peer of osdemo in Erlang. (OTP has a module peer itself.) The frames of osdemo are Erlang's option {packet, 4}.
-module(echo_peer).
-export([main/1]).

-define(OPTIONS, [binary, {packet, 4}, {active, false}]).

main(["echo-server"]) ->
    {ok, Listener} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}} | ?OPTIONS]),
    {ok, Port} = inet:port(Listener),
    io:format("~b~n", [Port]),
    accept(Listener);
main(["echo-client", Port | Bodies]) ->
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, list_to_integer(Port), ?OPTIONS),
    lists:foreach(
        fun(Body) ->
            ok = gen_tcp:send(Socket, unicode:characters_to_binary(Body)),
            {ok, Echo} = gen_tcp:recv(Socket, 0),
            ok = file:write(standard_io, [Echo, $\n])
        end,
        Bodies
    ).

accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    serve(Socket),
    accept(Listener).

serve(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Body} ->
            ok = gen_tcp:send(Socket, Body),
            serve(Socket);
        {error, closed} ->
            gen_tcp:close(Socket)
    end.
