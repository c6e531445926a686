import Hummingbird
import Logging

/// Answers every error with one JSON object of one form. A value.
struct FailureMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let failure as ControlFailure {
            return Self.response(failure)
        } catch let error as HTTPError where error.status == .notFound {
            return Self.response(
                ControlFailure(.notFound, "There is nothing at \(request.method) \(request.uri.path).")
            )
        } catch {
            context.logger.error("\(request.method) \(request.uri.path): \(error)")
            return Self.response(ControlFailure(.unavailable, "Control could not do this; its log says why."))
        }
    }

    static func response(_ failure: ControlFailure) -> Response {
        let body = ControlAPI.Failure(
            error: failure.description,
            code: failure.code.rawValue,
            needs: failure.needs,
            retrySeconds: failure.retrySeconds
        )
        var response = ControlRoutes.json(body, status: .init(code: failure.status))
        if failure.code == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer realm=\"apus\"" }
        return response
    }
}
